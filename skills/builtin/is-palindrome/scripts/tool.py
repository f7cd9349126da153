def is_palindrome(text: str) -> bool:
    """Check whether a text is a palindrome: reads the same forwards and backwards.

    Args:
        text: The word or sentence to check.
    """
    letters = [c for c in text.casefold() if c.isalnum()]
    return letters == letters[::-1]

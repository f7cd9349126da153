def reverse_text(text: str) -> str:
    """Reverse a text letter by letter, so that it is spelled backwards.

    Args:
        text: The text to turn round.
    """
    return text[::-1]

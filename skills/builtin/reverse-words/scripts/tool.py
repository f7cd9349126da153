def reverse_words(text: str) -> str:
    """Put the words of a sentence in the opposite order.

    Args:
        text: The sentence whose words change places.
    """
    return " ".join(reversed(text.split()))

def split_words(text: str) -> list[str]:
    """Split a text into a list of its words.

    Args:
        text: The text to split.
    """
    return text.split()

def count_characters(text: str) -> int:
    """Count how many characters a text has, with spaces and punctuation: its length.

    Args:
        text: The text whose characters are counted.
    """
    return len(text)

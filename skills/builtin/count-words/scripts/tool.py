def count_words(text: str) -> int:
    """Count how many words a text has.

    Args:
        text: The text whose words are counted.
    """
    return len(text.split())

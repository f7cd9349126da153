def lowercase(text: str) -> str:
    """Change a text to lower case: only small letters.

    Args:
        text: The text to write in small letters.
    """
    return text.lower()

def uppercase(text: str) -> str:
    """Change a text to upper case: all capital letters.

    Args:
        text: The text to write in capitals.
    """
    return text.upper()

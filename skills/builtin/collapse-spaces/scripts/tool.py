def collapse_spaces(text: str) -> str:
    """Trim a text and turn repeated blanks into a single one.

    Args:
        text: The text to clean.
    """
    return " ".join(text.split())

def split_lines(text: str) -> list[str]:
    """Split a text into a list of its lines.

    Args:
        text: The text to split.
    """
    return text.splitlines()

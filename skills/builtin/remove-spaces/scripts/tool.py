def remove_spaces(text: str) -> str:
    """Remove all spaces and other blanks from a text.

    Args:
        text: The text that loses its spaces.
    """
    return "".join(text.split())

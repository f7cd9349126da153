def split_text(text: str, separator: str = ",") -> list[str]:
    """Split a text into a list at a separator.

    Args:
        text: The text to split.
        separator: The sign between the parts.
    """
    if not separator:
        raise ValueError("separator must not be empty")
    return [part.strip() for part in text.split(separator)] if text.strip() else []

def replace_text(text: str, old: str, new: str) -> str:
    """Replace every occurrence of a word or text with another one.

    Args:
        text: The text to change.
        old: What is replaced, exactly as it is written.
        new: What stands there instead.
    """
    if not old:
        raise ValueError("old must not be empty")
    return text.replace(old, new)

def ends_with(text: str, suffix: str) -> bool:
    """Check whether a text ends with a given ending.

    Args:
        text: The text to check.
        suffix: The ending.
    """
    return text.endswith(suffix)

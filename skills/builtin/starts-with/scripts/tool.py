def starts_with(text: str, prefix: str) -> bool:
    """Check whether a text starts with a given beginning.

    Args:
        text: The text to check.
        prefix: The beginning.
    """
    return text.startswith(prefix)

def join_texts(first: str, second: str, separator: str = " ") -> str:
    """Join two texts into one, with a space or another separator between them.

    Args:
        first: The text that comes first.
        second: The text that comes behind.
        separator: What stands between them.
    """
    return first + separator + second

def merge_lists(first: list[str | float], second: list[str | float]) -> list[str | float]:
    """Merge two lists into one.

    Args:
        first: The list that comes first.
        second: The list that comes behind.
    """
    return [*first, *second]

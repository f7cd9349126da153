def merge_lists(first: list[str], second: list[str]) -> list[str]:
    """Merge two lists into one.

    Args:
        first: The list that comes first.
        second: The list that comes behind.
    """
    return [*first, *second]

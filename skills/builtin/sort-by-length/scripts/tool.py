def sort_by_length(items: list[str]) -> list[str]:
    """Sort a list of words by their length, the shortest first.

    Args:
        items: The words to sort.
    """
    return sorted(items, key=lambda item: len(str(item)))

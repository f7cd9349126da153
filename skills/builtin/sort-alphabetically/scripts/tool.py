def sort_alphabetically(items: list[str]) -> list[str]:
    """Sort a list of words or names alphabetically.

    Args:
        items: The words or names to sort.
    """
    return sorted(items, key=lambda item: str(item).casefold())

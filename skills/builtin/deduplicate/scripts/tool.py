def deduplicate(items: list[str | float]) -> list[str | float]:
    """Remove repeated items from a list, keeping each item once.

    Args:
        items: The list that may hold repeated items.
    """
    return list(dict.fromkeys(items))

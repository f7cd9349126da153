def count_item(items: list[str | float], item: str) -> int:
    """Count how many times a given item occurs in a list.

    Args:
        items: The list to look through.
        item: The item to count.
    """
    return [str(one) for one in items].count(str(item))

def contains_item(items: list[str | float], item: str) -> bool:
    """Check whether a list contains a given item.

    Args:
        items: The list to look through.
        item: The item to look for.
    """
    return str(item) in [str(one) for one in items]

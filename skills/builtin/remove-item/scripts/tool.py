def remove_item(items: list[str | float], item: str) -> list[str | float]:
    """Remove a given item from a list.

    Args:
        items: The list.
        item: The item to remove.
    """
    return [one for one in items if str(one) != str(item)]

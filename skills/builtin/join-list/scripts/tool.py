def join_list(items: list[str], separator: str = ", ") -> str:
    """Join the items of a list into one text with a separator.

    Args:
        items: The list to join.
        separator: What stands between two items.
    """
    return separator.join(str(item) for item in items)

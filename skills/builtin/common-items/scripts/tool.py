def common_items(first: list[str | float], second: list[str | float]) -> list[str | float]:
    """Find the items that two lists have in common.

    Args:
        first: One list.
        second: The other list.
    """
    return [item for item in dict.fromkeys(first) if item in second]

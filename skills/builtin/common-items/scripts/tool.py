def common_items(first: list[str], second: list[str]) -> list[str]:
    """Find the items that two lists have in common.

    Args:
        first: One list.
        second: The other list.
    """
    return [item for item in dict.fromkeys(first) if item in second]

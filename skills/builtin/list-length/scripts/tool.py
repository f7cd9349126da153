def list_length(items: list[str | float]) -> int:
    """Count how many items a list has.

    Args:
        items: The list whose items are counted.
    """
    return len(items)

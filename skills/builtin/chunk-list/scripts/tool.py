def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def chunk_list(items: list[str | float], size: int) -> list[list[str | float]]:
    """Cut a list into groups of a given size.

    Args:
        items: The list to cut.
        size: How many items a group has.
    """
    if _whole(size, "size") < 1:
        raise ValueError("size must be at least 1")
    return [items[start : start + int(size)] for start in range(0, len(items), int(size))]

def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def nth_item(items: list[str | float], position: int) -> str | float:
    """Pick one item of a list by its position: first, second, third and so on.

    Args:
        items: The list.
        position: The position of the item, 1 for the first.
    """
    place = _whole(position, "position")
    if not 1 <= place <= len(items):
        raise ValueError(f"there is no item {place} in a list of {len(items)}")
    return items[place - 1]

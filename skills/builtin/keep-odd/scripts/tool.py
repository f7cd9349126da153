def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def keep_odd(numbers: list[int]) -> list[int]:
    """Keep only the odd numbers of a list.

    Args:
        numbers: The whole numbers to filter.
    """
    return [item for item in numbers if _whole(item, "every item") % 2 == 1]

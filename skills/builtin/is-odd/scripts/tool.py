def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def is_odd(number: int) -> bool:
    """Check whether a whole number is odd.

    Args:
        number: The whole number to check.
    """
    return _whole(number, "number") % 2 == 1

def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def is_divisible(number: int, divisor: int) -> bool:
    """Check whether one whole number is divisible by another.

    Args:
        number: The whole number to check.
        divisor: What it is divided by.
    """
    if _whole(divisor, "divisor") == 0:
        raise ValueError("nothing is divisible by zero")
    return _whole(number, "number") % int(divisor) == 0

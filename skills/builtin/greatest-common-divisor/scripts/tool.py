import math


def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def greatest_common_divisor(first: int, second: int) -> int:
    """Find the greatest common divisor (gcd) of two whole numbers.

    Args:
        first: One whole number.
        second: The other whole number.
    """
    return math.gcd(_whole(first, "first"), _whole(second, "second"))

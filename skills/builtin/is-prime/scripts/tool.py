import math


def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def is_prime(number: int) -> bool:
    """Check whether a whole number is a prime number.

    Args:
        number: The whole number to check.
    """
    n = _whole(number, "number")
    if n > 10**12:
        raise ValueError("number must not be greater than 10**12")
    if n < 4:
        return n in (2, 3)
    return n % 2 == 1 and all(n % d for d in range(3, math.isqrt(n) + 1, 2))

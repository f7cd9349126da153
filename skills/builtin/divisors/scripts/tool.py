import math


def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def divisors(number: int) -> list[int]:
    """List all divisors of a whole number: every number that divides it evenly.

    Args:
        number: The whole number whose divisors are listed.
    """
    n = _whole(number, "number")
    if not 1 <= n <= 10**12:
        raise ValueError("number must lie between 1 and 10**12")
    small = [d for d in range(1, math.isqrt(n) + 1) if n % d == 0]
    return small + [n // d for d in reversed(small) if d * d != n]

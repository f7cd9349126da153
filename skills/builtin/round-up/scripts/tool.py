import math


def _number(value: float, name: str) -> float:
    """The value if it is a number, else a ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not abs(value) <= 1e300:
        raise ValueError(f"{name} must be a number of at most 300 digits")
    return value


def round_up(number: float) -> int:
    """Round a number up to the next whole number (ceiling).

    Args:
        number: The number to round up.
    """
    return math.ceil(_number(number, "number"))

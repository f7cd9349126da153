def _number(value: float, name: str) -> float:
    """The value if it is a number, else a ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not abs(value) <= 1e300:
        raise ValueError(f"{name} must be a number of at most 300 digits")
    return value


def is_greater(first: float, second: float) -> bool:
    """Check whether one number is greater than another.

    Args:
        first: The number that may be greater.
        second: The number it is compared with.
    """
    return _number(first, "first") > _number(second, "second")

def _number(value: float, name: str) -> float:
    """The value if it is a number, else a ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not abs(value) <= 1e300:
        raise ValueError(f"{name} must be a number of at most 300 digits")
    return value


def smaller_number(first: float, second: float) -> float:
    """Give the smaller of two numbers.

    Args:
        first: One number.
        second: The other number.
    """
    return min(_number(first, "first"), _number(second, "second"))

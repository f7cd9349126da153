def _number(value: float, name: str) -> float:
    """The value if it is a number, else a ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not abs(value) <= 1e300:
        raise ValueError(f"{name} must be a number of at most 300 digits")
    return value


def compare_numbers(first: float, second: float) -> str:
    """Tell whether a number is greater, less or equal to another.

    Args:
        first: The first number.
        second: The number it is compared with.
    """
    one, two = _number(first, "first"), _number(second, "second")
    return "greater" if one > two else "less" if one < two else "equal"

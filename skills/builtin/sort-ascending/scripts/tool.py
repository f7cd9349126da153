def _number(value: float, name: str) -> float:
    """The value if it is a number, else a ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not abs(value) <= 1e300:
        raise ValueError(f"{name} must be a number of at most 300 digits")
    return value


def sort_ascending(numbers: list[float]) -> list[float]:
    """Sort a list of numbers from the smallest to the largest.

    Args:
        numbers: The numbers to sort.
    """
    return sorted(_number(item, "every item") for item in numbers)

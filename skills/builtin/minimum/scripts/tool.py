def _number(value: float, name: str) -> float:
    """The value if it is a number, else a ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not abs(value) <= 1e300:
        raise ValueError(f"{name} must be a number of at most 300 digits")
    return value


def _numbers(values: list[float]) -> list[float]:
    """The values if they are at least one number and nothing else."""
    if not values:
        raise ValueError("the list of numbers is empty")
    return [_number(value, "every item") for value in values]


def minimum(numbers: list[float]) -> float:
    """Find the smallest number of a list.

    Args:
        numbers: The numbers.
    """
    return min(_numbers(numbers))

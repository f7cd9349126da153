import math


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


def _tidy(value: float) -> float:
    """A whole number as int, any other without the noise of binary floating point."""
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        raise ValueError("the result is too large")
    rounded = float(f"{value:.15g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def mean(numbers: list[float]) -> float:
    """Compute the average of a list of numbers.

    Args:
        numbers: The numbers to average.
    """
    values = _numbers(numbers)
    return _tidy(math.fsum(values) / len(values))

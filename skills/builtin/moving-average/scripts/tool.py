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


def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _tidy(value: float) -> float:
    """A whole number as int, any other without the noise of binary floating point."""
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        raise ValueError("the result is too large")
    rounded = float(f"{value:.15g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def moving_average(numbers: list[float], window: int) -> list[float]:
    """Compute the moving average of a list of numbers.

    Args:
        numbers: The numbers in their order.
        window: How many neighbouring numbers are averaged.
    """
    values, size = _numbers(numbers), _whole(window, "window")
    if not 1 <= size <= len(values):
        raise ValueError(f"window must lie between 1 and {len(values)}")
    starts = range(len(values) - size + 1)
    return [_tidy(math.fsum(values[s : s + size]) / size) for s in starts]

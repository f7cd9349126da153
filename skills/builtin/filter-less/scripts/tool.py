import math


def _number(value: float, name: str) -> float:
    """The value if it is a number, else a ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, not {value!r}")
    return value


def filter_less(numbers: list[float], limit: float) -> list[float]:
    """Keep only the numbers that are less than a limit.

    Args:
        numbers: The numbers to filter.
        limit: Numbers below this stay.
    """
    return [item for item in numbers if _number(item, "every item") < _number(limit, "limit")]

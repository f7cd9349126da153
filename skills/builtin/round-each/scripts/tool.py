import math
from decimal import ROUND_HALF_UP, Decimal


def _number(value: float, name: str) -> float:
    """The value if it is a number, else a ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not abs(value) <= 1e300:
        raise ValueError(f"{name} must be a number of at most 300 digits")
    return value


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


def round_each(numbers: list[float], digits: int = 0) -> list[float]:
    """Round every number of a list to a number of decimal places.

    Args:
        numbers: The numbers to round.
        digits: How many decimal places stay.
    """
    if not 0 <= _whole(digits, "digits") <= 15:
        raise ValueError("digits must lie between 0 and 15")
    if any(abs(_number(item, "every item")) >= 10**12 for item in numbers):
        raise ValueError("the numbers are too large to round")
    step = Decimal(1).scaleb(-int(digits))
    return [_tidy(float(Decimal(str(n)).quantize(step, ROUND_HALF_UP))) for n in numbers]

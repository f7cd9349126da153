import math
from fractions import Fraction


def _number(value: float, name: str) -> float:
    """The value if it is a number, else a ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not abs(value) <= 1e300:
        raise ValueError(f"{name} must be a number of at most 300 digits")
    return value


def _tidy(value: float) -> float:
    """A whole number as int, any other without the noise of binary floating point."""
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        raise ValueError("the result is too large")
    rounded = float(f"{value:.15g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def _as_float(value: Fraction) -> float:
    """The nearest float."""
    try:
        return float(value)
    except OverflowError:
        raise ValueError("the result is too large") from None


def remainder(number: float, divisor: float) -> float:
    """Find the remainder that is left after dividing one number by another (modulo).

    Args:
        number: The number that is divided.
        divisor: What it is divided by.
    """
    if _number(divisor, "divisor") == 0:
        raise ValueError("cannot divide by zero")
    rest = Fraction(str(_number(number, "number"))) % Fraction(str(divisor))
    return int(rest) if rest.denominator == 1 else _tidy(_as_float(rest))

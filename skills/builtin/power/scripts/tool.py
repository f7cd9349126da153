import math


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


def power(base: float, exponent: float) -> float:
    """Raise a base to an exponent.

    Args:
        base: The number that is multiplied by itself.
        exponent: How often.
    """
    size = max(abs(_number(base, "base")), 1)
    if abs(_number(exponent, "exponent")) * math.log2(size) > 10_000:
        raise ValueError("the result has too many digits")
    try:
        result = base**exponent
    except (ZeroDivisionError, OverflowError) as error:
        raise ValueError(f"{base} to the power {exponent} has no value: {error}") from None
    if isinstance(result, complex):
        raise ValueError("a negative base needs a whole exponent")
    return _tidy(result)

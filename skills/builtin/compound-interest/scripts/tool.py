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


def compound_interest(amount: float, percent: float, years: float) -> float:
    """Compute what money grows to with yearly compound interest.

    Args:
        amount: The money at the start.
        percent: The interest per year in percent, 5 for 5 %.
        years: How many years.
    """
    if _number(years, "years") < 0 or _number(percent, "percent") <= -100:
        raise ValueError("years must not be negative and percent must be above -100")
    try:
        grown = _number(amount, "amount") * (1 + percent / 100) ** years
    except OverflowError:
        raise ValueError("the result is too large") from None
    return _tidy(float(f"{grown:.12g}"))

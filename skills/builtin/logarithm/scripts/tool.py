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


def logarithm(number: float, base: float = 10) -> float:
    """Compute the logarithm of a number to a base.

    Args:
        number: The number whose logarithm is taken.
        base: The base of the logarithm.
    """
    if _number(number, "number") <= 0:
        raise ValueError("only numbers greater than zero have a logarithm")
    if _number(base, "base") <= 0 or base == 1:
        raise ValueError("base must be greater than zero and not 1")
    exact = {2.0: math.log2, 10.0: math.log10}.get(base)
    result = exact(number) if exact else math.log(number) / math.log(base)
    return _tidy(float(f"{result:.13g}"))

from decimal import ROUND_HALF_UP, Decimal, localcontext


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


def round_number(number: float, digits: int = 0) -> float:
    """Round a number to a given number of decimal places.

    Args:
        number: The number to round.
        digits: How many decimal places stay; negative rounds to tens, hundreds.
    """
    if abs(_whole(digits, "digits")) > 300:
        raise ValueError("digits must lie between -300 and 300")
    with localcontext() as context:
        context.prec = 1000
        step = Decimal(1).scaleb(-int(digits))
        rounded = (Decimal(str(_number(number, "number"))) / step).quantize(
            Decimal(1), ROUND_HALF_UP
        ) * step
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)

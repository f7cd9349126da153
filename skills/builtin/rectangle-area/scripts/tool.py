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


def rectangle_area(width: float, height: float) -> float:
    """Compute the area of a rectangle from its width and height.

    Args:
        width: One side of the rectangle.
        height: The other side.
    """
    if _number(width, "width") < 0 or _number(height, "height") < 0:
        raise ValueError("width and height must not be negative")
    return _tidy(width * height)

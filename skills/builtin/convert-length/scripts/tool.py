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


def _convert(value: float, from_unit: str, to_unit: str, sizes: dict[str, float]) -> float:
    """The value in another unit; ``sizes`` gives each unit's name and size in a common unit."""
    factors: list[float] = []
    for unit in (from_unit, to_unit):
        name = unit.strip().lower().replace(".", "")
        known = next((n for n in (name, name.removesuffix("s")) if n in sizes), None)
        if known is None:
            raise ValueError(f"unknown unit {unit!r}; known units: {', '.join(sizes)}")
        factors.append(sizes[known])
    return _tidy(float(f"{_number(value, 'value') * factors[0] / factors[1]:.14g}"))


_LENGTHS = {
    "m": 1, "meter": 1, "metre": 1, "km": 1000, "kilometer": 1000, "kilometre": 1000,
    "cm": 0.01, "centimeter": 0.01, "centimetre": 0.01, "mm": 0.001, "millimeter": 0.001,
    "millimetre": 0.001, "mile": 1609.344, "mi": 1609.344, "yard": 0.9144, "yd": 0.9144,
    "foot": 0.3048, "feet": 0.3048, "ft": 0.3048, "inch": 0.0254, "inches": 0.0254, "in": 0.0254,
    "nautical mile": 1852, "nmi": 1852,
}  # fmt: skip


def convert_length(value: float, from_unit: str, to_unit: str) -> float:
    """Convert a length or distance to another unit.

    Args:
        value: The value to convert.
        from_unit: The unit it has now.
        to_unit: The unit that is wanted.
    """
    return _convert(value, from_unit, to_unit, _LENGTHS)

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


_AREAS = {
    "m2": 1, "sq m": 1, "square meter": 1, "square metre": 1, "km2": 1e6, "sq km": 1e6,
    "square kilometer": 1e6, "square kilometre": 1e6, "hectare": 1e4, "ha": 1e4,
    "acre": 4046.8564224, "square foot": 0.09290304, "square feet": 0.09290304,
    "sq ft": 0.09290304, "ft2": 0.09290304, "square yard": 0.83612736, "square inch": 0.00064516,
    "square inches": 0.00064516, "square mile": 2589988.110336, "sq mi": 2589988.110336,
    "cm2": 1e-4, "square centimeter": 1e-4, "square centimetre": 1e-4,
}  # fmt: skip


def convert_area(value: float, from_unit: str, to_unit: str) -> float:
    """Convert an area to another unit.

    Args:
        value: The value to convert.
        from_unit: The unit it has now.
        to_unit: The unit that is wanted.
    """
    return _convert(value, from_unit, to_unit, _AREAS)

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


_VOLUMES = {
    "l": 1, "liter": 1, "litre": 1, "ml": 0.001, "milliliter": 0.001, "millilitre": 0.001,
    "cl": 0.01, "dl": 0.1, "cubic meter": 1000, "cubic metre": 1000, "m3": 1000,
    "gallon": 3.785411784, "gal": 3.785411784, "quart": 0.946352946, "qt": 0.946352946,
    "pint": 0.473176473, "pt": 0.473176473, "cup": 0.2365882365, "fluid ounce": 0.0295735295625,
    "fl oz": 0.0295735295625, "tablespoon": 0.01478676478125, "tbsp": 0.01478676478125,
    "teaspoon": 0.00492892159375, "tsp": 0.00492892159375,
}  # fmt: skip


def convert_volume(value: float, from_unit: str, to_unit: str) -> float:
    """Convert a volume to another unit.

    Args:
        value: The value to convert.
        from_unit: The unit it has now.
        to_unit: The unit that is wanted.
    """
    return _convert(value, from_unit, to_unit, _VOLUMES)

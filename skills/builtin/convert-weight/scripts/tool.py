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


_WEIGHTS = {
    "kg": 1, "kilogram": 1, "kilo": 1, "g": 0.001, "gram": 0.001, "mg": 1e-6, "milligram": 1e-6,
    "t": 1000, "tonne": 1000, "metric ton": 1000, "pound": 0.45359237, "lb": 0.45359237,
    "ounce": 0.028349523125, "oz": 0.028349523125, "stone": 6.35029318, "st": 6.35029318,
    "short ton": 907.18474, "us ton": 907.18474,
}  # fmt: skip


def convert_weight(value: float, from_unit: str, to_unit: str) -> float:
    """Convert a weight or mass to another unit.

    Args:
        value: The value to convert.
        from_unit: The unit it has now.
        to_unit: The unit that is wanted.
    """
    return _convert(value, from_unit, to_unit, _WEIGHTS)

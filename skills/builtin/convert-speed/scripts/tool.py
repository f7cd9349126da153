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


_SPEEDS = {
    "m/s": 1, "meter per second": 1, "metre per second": 1, "meters per second": 1,
    "metres per second": 1, "mps": 1, "km/h": 1 / 3.6, "kmh": 1 / 3.6, "kph": 1 / 3.6,
    "kilometers per hour": 1 / 3.6, "kilometres per hour": 1 / 3.6, "mph": 0.44704,
    "miles per hour": 0.44704, "mi/h": 0.44704, "knot": 1852 / 3600, "kn": 1852 / 3600,
    "ft/s": 0.3048, "feet per second": 0.3048,
}  # fmt: skip


def convert_speed(value: float, from_unit: str, to_unit: str) -> float:
    """Convert a speed to another unit.

    Args:
        value: The value to convert.
        from_unit: The unit it has now.
        to_unit: The unit that is wanted.
    """
    return _convert(value, from_unit, to_unit, _SPEEDS)

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


_SIZES = {
    "byte": 1, "b": 1, "kilobyte": 1e3, "kb": 1e3, "megabyte": 1e6, "mb": 1e6, "gigabyte": 1e9,
    "gb": 1e9, "terabyte": 1e12, "tb": 1e12, "kibibyte": 2**10, "kib": 2**10, "mebibyte": 2**20,
    "mib": 2**20, "gibibyte": 2**30, "gib": 2**30, "tebibyte": 2**40, "tib": 2**40,
    "bit": 0.125, "kilobit": 125, "kbit": 125, "megabit": 125e3, "mbit": 125e3,
    "gigabit": 125e6, "gbit": 125e6,
}  # fmt: skip


def convert_data_size(value: float, from_unit: str, to_unit: str) -> float:
    """Convert a data size to another unit.

    Args:
        value: The value to convert.
        from_unit: The unit it has now.
        to_unit: The unit that is wanted.
    """
    return _convert(value, from_unit, to_unit, _SIZES)

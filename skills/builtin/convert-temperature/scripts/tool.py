import math
import re


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


_DEGREES = {
    "c": "c", "celsius": "c", "centigrade": "c",
    "f": "f", "fahrenheit": "f", "k": "k", "kelvin": "k",
}  # fmt: skip


def convert_temperature(value: float, from_unit: str, to_unit: str) -> float:
    """Convert a temperature to another scale.

    Args:
        value: The temperature to convert.
        from_unit: The scale it has now.
        to_unit: The scale that is wanted.
    """
    scales: list[str] = []
    for unit in (from_unit, to_unit):
        name = re.sub(r"degrees?|\u00b0", "", unit.lower()).strip()
        if name not in _DEGREES:
            raise ValueError(f"unknown unit {unit!r}; known units: celsius, fahrenheit, kelvin")
        scales.append(_DEGREES[name])
    degrees = _number(value, "value")
    kelvin = {"c": degrees + 273.15, "f": (degrees - 32) / 1.8 + 273.15, "k": degrees}[scales[0]]
    if kelvin < -1e-9:
        raise ValueError("the temperature is below absolute zero")
    result = {"c": kelvin - 273.15, "f": (kelvin - 273.15) * 1.8 + 32, "k": kelvin}[scales[1]]
    return _tidy(round(result, 9))

import math
import re


def _tidy(value: float) -> float:
    """A whole number as int, any other without the noise of binary floating point."""
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        raise ValueError("the result is too large")
    rounded = float(f"{value:.15g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def extract_numbers(text: str) -> list[float]:
    """Find all numbers written in digits in a text.

    Args:
        text: The text to search.
    """
    found = re.findall(r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?", text)
    return [_tidy(float(number.replace(",", ""))) for number in found]

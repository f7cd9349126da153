def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _count(value: float, name: str) -> int:
    """The value as an int of at least 0."""
    whole = _whole(value, name)
    if whole < 0:
        raise ValueError(f"{name} must not be negative, not {value!r}")
    return whole


def pad_left(text: str, width: int, fill: str = " ") -> str:
    """Pad a text on the left to a given width.

    Args:
        text: The text to pad.
        width: The length of the result.
        fill: The character put in front.
    """
    if len(fill) != 1:
        raise ValueError(f"fill must be one character, not {fill!r}")
    if _count(width, "width") > 1_000_000:
        raise ValueError("width must not be greater than a million")
    return text.rjust(int(width), fill)

import textwrap


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


def wrap_text(text: str, width: int) -> str:
    """Break a long text into lines of at most a given width.

    Args:
        text: The text to break into lines.
        width: The greatest number of characters in a line.
    """
    if _count(width, "width") < 1:
        raise ValueError("width must be at least 1")
    return textwrap.fill(" ".join(text.split()), int(width))

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


def shorten_text(text: str, width: int) -> str:
    """Shorten a text to a greatest length and end it with an ellipsis (...).

    Args:
        text: The text to shorten.
        width: The greatest number of characters, dots included.
    """
    if _count(width, "width") < 3:
        raise ValueError("width must be at least 3")
    return text if len(text) <= width else text[: int(width) - 3].rstrip() + "..."

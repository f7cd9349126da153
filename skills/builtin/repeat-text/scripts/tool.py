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


def repeat_text(text: str, times: int, separator: str = "") -> str:
    """Repeat a text a number of times.

    Args:
        text: The text to repeat.
        times: How often it stands there in the end.
        separator: What stands between two copies.
    """
    count = _count(times, "times")
    if count * (len(text) + len(separator)) > 1_000_000:
        raise ValueError("the repeated text would be longer than a million characters")
    return separator.join([text] * count)

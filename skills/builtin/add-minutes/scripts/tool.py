import re


def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _clock(text: str) -> int:
    """Minutes since midnight of 14:30, 2:30 pm or 9am."""
    found = re.fullmatch(r"(\d{1,2})(?::(\d{2}))?\s*([ap])?\.?(?:m\.?)?", text.strip().lower())
    if not found or (found[2] is None and found[3] is None):
        raise ValueError(f"{text!r} is not a time of day such as 14:30 or 2:30 pm")
    hour, minute = int(found[1]), int(found[2] or 0)
    if (found[3] and not 1 <= hour <= 12) or hour > 23 or minute > 59:
        raise ValueError(f"{text!r} is not a time of day such as 14:30 or 2:30 pm")
    if found[3]:
        hour = hour % 12 + (12 if found[3] == "p" else 0)
    return hour * 60 + minute


def add_minutes(time: str, minutes: int) -> str:
    """Find the time of day a number of minutes after a time.

    Args:
        time: A time of day such as 14:30 or 2:30 pm.
        minutes: How many minutes later; negative goes back.
    """
    total = (_clock(time) + _whole(minutes, "minutes")) % 1440
    return f"{total // 60:02d}:{total % 60:02d}"

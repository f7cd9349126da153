import re


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


def minutes_between(start_time: str, end_time: str) -> int:
    """Count the minutes between two times of day.

    Args:
        start_time: The time to count from.
        end_time: The time to count to.
    """
    return (_clock(end_time) - _clock(start_time)) % 1440

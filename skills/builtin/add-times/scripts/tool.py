import re


def add_times(first: str, second: str) -> str:
    """Add two durations written as hours:minutes.

    Args:
        first: A duration in hours:minutes.
        second: Another duration.
    """
    total = 0
    for duration in (first, second):
        found = re.fullmatch(r"(\d+):([0-5]\d)", duration.strip())
        if not found:
            raise ValueError(f"{duration!r} is not a duration such as 1:30")
        total += int(found[1]) * 60 + int(found[2])
    return f"{total // 60}:{total % 60:02d}"

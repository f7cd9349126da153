import re


def clock_to_seconds(duration: str) -> int:
    """Convert a duration hours:minutes:seconds to seconds.

    Args:
        duration: The duration, hours:minutes:seconds or minutes:seconds.
    """
    found = re.fullmatch(r"(?:(\d+):)?(\d{1,2}):(\d{2})", duration.strip())
    if not found or (found[1] and int(found[2]) > 59) or int(found[3]) > 59:
        raise ValueError(f"{duration!r} is not a duration such as 1:02:03 or 2:03")
    return int(found[1] or 0) * 3600 + int(found[2]) * 60 + int(found[3])

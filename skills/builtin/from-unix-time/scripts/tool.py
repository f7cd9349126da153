import datetime


def _number(value: float, name: str) -> float:
    """The value if it is a number, else a ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if not abs(value) <= 1e300:
        raise ValueError(f"{name} must be a number of at most 300 digits")
    return value


def from_unix_time(seconds: float) -> str:
    """Convert Unix time to a date and time in UTC.

    Args:
        seconds: Seconds since 1970-01-01 00:00 UTC.
    """
    try:
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(
            seconds=int(_number(seconds, "seconds"))
        )
    except OverflowError:
        raise ValueError("the result is outside the calendar") from None
    return moment.isoformat(sep=" ")

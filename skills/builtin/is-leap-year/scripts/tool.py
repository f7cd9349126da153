import calendar


def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def is_leap_year(year: int) -> bool:
    """Check whether a year is a leap year with 366 days.

    Args:
        year: The year.
    """
    if _whole(year, "year") < 1:
        raise ValueError("year must be at least 1")
    return calendar.isleap(int(year))

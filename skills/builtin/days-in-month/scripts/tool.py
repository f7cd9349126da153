import calendar


def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def days_in_month(year: int, month: int) -> int:
    """Tell how many days a month has in a given year.

    Args:
        year: The year.
        month: The number of the month, 1 for January.
    """
    if not 1 <= _whole(month, "month") <= 12 or not 1 <= _whole(year, "year") <= 9999:
        raise ValueError("month must lie between 1 and 12, year between 1 and 9999")
    return calendar.monthrange(int(year), int(month))[1]

def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


_MONTH_NAMES = (
    "January February March April May June July August September October November December"
).split()


def month_name(month: int) -> str:
    """Tell the name of a month from its number: 3 is March.

    Args:
        month: The number of the month, from 1 to 12.
    """
    if not 1 <= _whole(month, "month") <= 12:
        raise ValueError("month must lie between 1 and 12")
    return _MONTH_NAMES[int(month) - 1]

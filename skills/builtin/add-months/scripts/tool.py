import calendar
import datetime
import re


def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


_MONTHS = (
    "january february march april may june july august september october november december"
).split()


def _month_number(word: str) -> int:
    """The number of a month name, whole or shortened to at least three letters."""
    for number, name in enumerate(_MONTHS, start=1):
        if len(word) >= 3 and name.startswith("sep" if word == "sept" else word):
            return number
    raise ValueError(f"{word!r} is not the name of a month")


def _parse_date(text: str) -> datetime.date:
    """Read 2025-03-15, March 15, 2025, 15 March 2025 or 03/15/2025 (month first)."""
    clean = re.sub(r"[,.]|\bof\b|\bthe\b|(?<=\d)(?:st|nd|rd|th)\b", " ", str(text).lower())
    clean = re.sub(
        r"^\s*(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b", " ", clean
    )
    clean = " ".join(clean.split())
    if found := re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", clean):
        year, month, day = (int(part) for part in found.groups())
    elif found := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", clean):
        month, day, year = (int(part) for part in found.groups())
    elif found := re.fullmatch(r"([a-z]+) (\d{1,2}) (\d{4})", clean):
        month, day, year = _month_number(found[1]), int(found[2]), int(found[3])
    elif found := re.fullmatch(r"(\d{1,2}) ([a-z]+) (\d{4})", clean):
        day, month, year = int(found[1]), _month_number(found[2]), int(found[3])
    else:
        raise ValueError(f"{text!r} is not a date such as 2025-03-15 or March 15, 2025")
    try:
        return datetime.date(year, month, day)
    except ValueError:
        raise ValueError(f"{text!r} is not a day of the calendar (month/day/year)") from None


def add_months(date: str, months: int) -> str:
    """Find the date a number of months after a date.

    Args:
        date: A date such as 2025-03-15, March 15, 2025 or 03/15/2025 (month first).
        months: How many months later; negative goes back.
    """
    day = _parse_date(date)
    year, month = divmod(day.year * 12 + day.month - 1 + _whole(months, "months"), 12)
    if not 1 <= year <= 9999:
        raise ValueError("the result is outside the calendar")
    last = calendar.monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last)).isoformat()

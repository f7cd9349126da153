import datetime
import re

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


def months_between(start_date: str, end_date: str) -> int:
    """Count the whole months between two dates.

    Args:
        start_date: The date to count from.
        end_date: The date to count to.
    """
    start, end = _parse_date(start_date), _parse_date(end_date)
    sign = 1
    if end < start:
        start, end, sign = end, start, -1
    months = (end.year - start.year) * 12 + end.month - start.month
    return sign * (months - (end.day < start.day))

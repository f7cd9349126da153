def _whole(value: float, name: str) -> int:
    """The value as an int; 3.0 is taken as 3, 3.5 is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))


def _spell(number: int) -> str:
    """The words of a whole number from 0 on."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    for size, name in (*_SCALES, (100, "hundred")):
        if number >= size:
            rest = f" {_spell(number % size)}" if number % size else ""
            return f"{_spell(number // size)} {name}{rest}"
    raise ValueError("unreachable")


def number_to_words(number: int) -> str:
    """Spell out a whole number in English words.

    Args:
        number: The whole number to spell out.
    """
    whole = _whole(number, "number")
    if abs(whole) >= 10**15:
        raise ValueError("number must be smaller than a thousand trillion")
    return ("minus " if whole < 0 else "") + _spell(abs(whole))

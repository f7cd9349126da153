"""Numbers as people write them: ``1,200``, ``12%``, ``three``, ``twenty-one``, ``2 million``."""

from __future__ import annotations

import math
import re

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
).split()
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}

WORDS: dict[str, int] = {
    **{word: value for value, word in enumerate(_SMALL)},
    **{word: 10 * value for value, word in enumerate(_TENS, 2)},
}
ORDINALS: dict[str, int] = {word: value for value, word in enumerate(_ORDINALS)}
PHRASES: dict[str, int | float] = {
    "half": 0.5,
    "a half": 0.5,
    "a quarter": 0.25,
    "a dozen": 12,
    "dozen": 12,
    "once": 1,
    "twice": 2,
}

_SIGN = r"(?P<sign>[+\-−]?)"
_DIGITS = r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d*)?(?:[eE][+\-]?\d+)?|\.\d+)"
_NUMBER = re.compile(rf"{_SIGN}\s*[$€£¥]?\s*{_DIGITS}\s*[%€°]?")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_FRACTION = re.compile(r"([+\-]?\d+)\s*/\s*(\d+)")


def parse_number(text: str) -> int | float | None:
    """The number that the whole text names, or None.

    A percent sign is a unit: ``12%`` is 12, because tools take percentages in percent.
    """
    text = " ".join(text.strip().lower().split())
    for parse in (_digits, _fraction, _phrase, _words):
        value = parse(text)
        if value is not None:
            return value
    return None


def _digits(text: str) -> int | float | None:
    ordinal = _ORDINAL.fullmatch(text)
    if ordinal:
        return int(ordinal.group(1))
    match = _NUMBER.fullmatch(text)
    if not match:
        return None
    digits = match["digits"].replace(",", "")
    sign = 1 if match["sign"] in ("", "+") else -1
    if digits.isdigit():
        return sign * int(digits)
    value = float(digits)
    return sign * value if math.isfinite(value) else None


def _fraction(text: str) -> float | None:
    match = _FRACTION.fullmatch(text)
    if not match or int(match.group(2)) == 0:
        return None
    return int(match.group(1)) / int(match.group(2))


def _phrase(text: str) -> int | float | None:
    return PHRASES.get(text, ORDINALS.get(text))


def _words(text: str) -> int | float | None:
    """``minus three hundred and five``, ``two point five``, ``2 million``."""
    words = text.replace("-", " ").split()
    if words and words[0] in ("minus", "negative"):
        value = _words(" ".join(words[1:]))
        return None if value is None else -value
    if "point" in words:
        at = words.index("point")
        whole, decimals = _whole(words[:at]), [WORDS.get(w, 10) for w in words[at + 1 :]]
        if whole is None or not decimals or max(decimals) > 9:
            return None
        return float(f"{whole}.{''.join(map(str, decimals))}")
    if len(words) == 2 and words[1] in _SCALES:
        digits = _digits(words[0])
        if digits is not None:
            return digits * _SCALES[words[1]]
    return _whole(words)


def _whole(words: list[str]) -> int | None:
    """A whole number in words, or None as soon as a word is no part of one."""
    if words[:1] == ["a"] and len(words) > 1 and (words[1] == "hundred" or words[1] in _SCALES):
        words = ["one", *words[1:]]
    total, group, last = 0, 0, ""
    for word in words:
        if word == "and" and last in ("hundred", *_SCALES):
            pass
        elif word in WORDS and _may_follow(last, WORDS[word]):
            group += WORDS[word]
        elif word == "hundred" and 0 < group < 100:
            group *= 100
        elif word in _SCALES and group:
            total, group = total + group * _SCALES[word], 0
        else:
            return None
        last = word
    return total + group if last and last != "and" else None


def _may_follow(last: str, value: int) -> bool:
    """``twenty one`` is a number, ``one twenty`` and ``two three`` are not."""
    if last in WORDS:
        return WORDS[last] >= 20 and 0 < value < 10
    return True

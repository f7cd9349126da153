"""The stream of the growth measurement: families of tasks that return in new guises and with new values."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import factorial, gcd
from pathlib import Path
from statistics import median

from pydantic import JsonValue

from skillweave.evals.suite import Sample
from skillweave.skills.errors import SkillFormatError

STREAM = Path(__file__).with_name("data") / "growth.txt"
TASKS = 300
BLOCK = 30
Values = Mapping[str, object]

_WORDS = (
    "amber anchor autumn basket bridge candle copper cotton desert dinner engine fabric feather flower "
    "forest garden glacier hammer harbour island jacket kettle ladder lantern marble meadow mirror "
    "mountain needle orchard pencil pepper pocket quarry ribbon saddle shadow silver spring summer "
    "thunder timber valley velvet window winter"
).split()
_ROMAN = (
    (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


def stream(file: Path = STREAM, number: int = TASKS) -> list[Sample]:
    """The tasks; every family comes equally often, with all its guises in turn.

    Raises:
        SkillFormatError: a family has no guises, or nobody knows its answers.
    """
    families = list(_families(file))
    found = []
    for place in range(number):
        name, names, guises = families[place % len(families)]
        turn = place // len(families)
        rng = random.Random(f"{name} {turn}")
        values = {one: _VALUES[one](rng) for one in names}
        shown = {one: _shown(value) for one, value in values.items()}
        found.append(
            Sample(
                id=f"growth-{place:03}",
                request=guises[turn % len(guises)].format_map(shown),
                family=name,
                level=2,
                expected=ANSWERS[name](values),
            )
        )
    return found


def _families(file: Path) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    name, names, guises = "", tuple[str, ...](), list[str]()
    for line in [*file.read_text(encoding="utf-8").splitlines(), "end |"]:
        head, bar, rest = line.partition(" |")
        if line.startswith("#") or not line.strip():
            continue
        if not bar:
            guises.append(line)
            continue
        if name and (not guises or name not in ANSWERS):
            raise SkillFormatError(file, f"{name} has no guises or no answers", remedy="add them")
        if name:
            yield name, names, guises
        name, names, guises = head, tuple(rest.split()), []


def _text(rng: random.Random) -> str:
    """Words of different lengths, so that one is the longest."""
    while True:
        words = rng.sample(_WORDS, rng.choice((3, 4, 5)))
        longest = max(map(len, words))
        if sum(len(word) == longest for word in words) == 1:
            return " ".join(words)


_VALUES: Mapping[str, Callable[[random.Random], object]] = {
    "text": _text,
    "numbers": lambda rng: rng.sample(range(3, 90), 5),
    "n": lambda rng: rng.randrange(3, 20),
    "m": lambda rng: rng.randrange(4, 11),
    "a": lambda rng: 12 * rng.randrange(2, 20),
    "b": lambda rng: 12 * rng.randrange(21, 40),
    "p": lambda rng: rng.choice((5, 10, 20, 25, 50)),
    "bits": lambda rng: f"{rng.randrange(33, 250):b}",
}


def _shown(value: object) -> str:
    if isinstance(value, list):
        *most, last = map(str, value)
        return f"{', '.join(most)} and {last}"
    return str(value)


def _roman(number: int) -> str:
    told = ""
    for value, sign in _ROMAN:
        told += sign * (number // value)
        number %= value
    return told


def _str(values: Values, name: str = "text") -> str:
    return str(values[name])


def _int(values: Values, name: str) -> int:
    return int(str(values[name]))


def _list(values: Values) -> list[int]:
    value = values["numbers"]
    return [int(one) for one in value] if isinstance(value, list) else []


def _plain(value: float) -> JsonValue:
    return int(value) if float(value).is_integer() else value


def _gcd_in_roman(values: Values) -> str:
    return _roman(gcd(_int(values, "a"), _int(values, "b")))


ANSWERS: Mapping[str, Callable[[Values], JsonValue]] = {
    "shout-longest": lambda v: max(_str(v).split(), key=len).upper(),
    "mirror-vowels": lambda v: sum(c in "aeiou" for c in _str(v)),
    "tight-length": lambda v: len(_str(v).replace(" ", "")),
    "acronym-back": lambda v: "".join(w[0] for w in reversed(_str(v).split())).upper(),
    "words-squared": lambda v: len(_str(v).split()) ** 2,
    "bare-capitals": lambda v: "".join(c for c in _str(v) if c not in "aeiou").upper(),
    "slug-length": lambda v: len(_str(v)),
    "total-times": lambda v: sum(_list(v)) * _int(v, "n"),
    "top-minus": lambda v: max(_list(v)) - _int(v, "n"),
    "median-plus": lambda v: _plain(median(_list(v)) + _int(v, "n")),
    "best-two": lambda v: [*sorted(_list(v), reverse=True)[:2]],
    "common-roman": _gcd_in_roman,
    "factorial-digits": lambda v: sum(map(int, str(factorial(_int(v, "m"))))),
    "share-plus": lambda v: _plain(_int(v, "a") * _int(v, "p") / 100 + _int(v, "n")),
    "binary-double": lambda v: 2 * int(_str(v, "bits"), 2),
}

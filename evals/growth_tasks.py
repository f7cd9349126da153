"""The stream of the growth measurement: families of tasks that return in new guises and with new values.

Fifteen families are compositions of built-in tools that a model can plan from the request. Twelve ask for
something by a name that says nothing (the shelf mark of a text): seven of these are compositions of two
tools, five are no program at all, and for each a person who was not served has examples at hand. The
families, their wordings, and what the names stand for were made by hand.
"""

from __future__ import annotations

import codecs
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import factorial, gcd, prod
from pathlib import Path
from statistics import median
from typing import NamedTuple

from pydantic import JsonValue

from skillweave.evals.suite import Sample
from skillweave.evals.teach_tasks import TASKS as TAUGHT
from skillweave.skills.errors import SkillFormatError
from skillweave.skills.model import Case

STREAM = Path(__file__).with_name("data") / "growth.txt"
KNOWN_TIMES, NEW_TIMES = 8, 15
"""How often a family comes."""
BLOCK = 30
MORE = 5
"""Examples that a person shows beside the right answer."""
PAIR = "pair"
Values = Mapping[str, object]

_WORDS = (
    "amber anchor autumn basket bridge candle copper cotton desert dinner engine fabric feather flower "
    "forest garden glacier hammer harbour island jacket kettle ladder lantern marble meadow mirror "
    "mountain needle orchard pencil pepper pocket quarry ribbon saddle shadow silver spring summer "
    "thunder timber valley velvet window winter"
).split()
_ROMAN = (
    (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"),
    (4, "IV"), (1, "I"),
)  # fmt: skip


class Family(NamedTuple):
    """Tasks of one kind."""

    name: str
    values: tuple[str, ...]
    words: str
    """What a person calls it; empty where the request says what is to be done."""
    guises: tuple[str, ...]

    def task(self, rng: random.Random, *, shown: bool = False) -> tuple[Values, JsonValue]:
        """Values and the right answer; those of ``shown`` examples are drawn from other words."""
        if self.values == (PAIR,):
            draw = next(task.draw for task in TAUGHT if task.name == self.name)
            pair = draw(rng, "train" if shown else "held-out")
            return {"text": pair.input}, pair.output
        values = {one: _VALUES[one](rng) for one in self.values}
        return values, ANSWERS[self.name](values)


class Shown(NamedTuple):
    """What a person shows who was not served: the right answer, and some more of the kind."""

    name: str
    words: str
    cases: tuple[Case, ...]


def stream(file: Path = STREAM) -> list[Sample]:
    """The tasks, family by family in turn, each family with all its guises in turn.

    Raises:
        SkillFormatError: a family has no guises, or nobody knows its answers.
    """
    families = list(families_of(file))
    found = []
    for turn in range(NEW_TIMES):
        for family in families:
            if not family.words and turn >= KNOWN_TIMES:
                continue
            values, expected = family.task(random.Random(f"{family.name} {turn}"))
            shown = {one: _shown(value) for one, value in values.items()}
            guise = family.guises[turn % len(family.guises)]
            found.append(
                Sample(
                    id=f"growth-{family.name}-{turn:02}",
                    request=guise.format_map(shown),
                    family=family.name,
                    level=2,
                    expected=expected,
                )
            )
    return found


def shown_for(sample: Sample, file: Path = STREAM) -> Shown | None:
    """What a person shows after this task; None where the request said all."""
    family = next(one for one in families_of(file) if one.name == sample.family)
    if not family.words:
        return None
    turn = int(sample.id.rpartition("-")[2])
    own = family.task(random.Random(f"{family.name} {turn}"))
    rng = random.Random(f"{family.name} {turn} shown")
    told = [own, *(family.task(rng, shown=True) for _ in range(MORE))]
    return Shown(family.name, family.words, tuple(_case(family, *one) for one in told))


def _case(family: Family, values: Values, expected: JsonValue) -> Case:
    if family.values == (PAIR,):
        return Case(input=str(values["text"]), expected=expected)
    return Case.model_validate({"arguments": dict(values), "expected": expected})


def families_of(file: Path = STREAM) -> Iterator[Family]:
    """The families of a file, in its order; for errors see `stream`."""
    head: tuple[str, ...] = ()
    guises: list[str] = []
    for line in [*file.read_text(encoding="utf-8").splitlines(), "end |"]:
        if line.startswith("#") or not line.strip():
            continue
        if " |" not in line:
            guises.append(line)
            continue
        if head:
            yield _family(head, guises, file)
        head, guises = tuple(part.strip() for part in line.split("|")), []


def _family(head: Sequence[str], guises: Sequence[str], file: Path) -> Family:
    name, values, words = (*head, "")[:3]
    known = name in ANSWERS or any(task.name == name for task in TAUGHT)
    if not guises or not known:
        raise SkillFormatError(file, f"{name} has no guises or no answers", remedy="add them")
    return Family(name, tuple(values.split()), words, tuple(guises))


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
    "call-sign": lambda v: codecs.encode("".join(w[0] for w in _str(v).split()).upper(), "rot13"),
    "shelf-mark": lambda v: _str(v).replace(" ", "-")[::-1],
    "parcel-code": lambda v: "_".join(reversed(_str(v).split())),
    "house-style": lambda v: " ".join(sorted(_str(v).split())).title(),
    "crew-number": lambda v: _roman(sum(_list(v))),
    "dock-figure": lambda v: sum(map(int, str(prod(_list(v))))),
    "bay-code": lambda v: f"{min(_list(v)):b}",
}

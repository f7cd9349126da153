"""What speaks for a part of a request as the value of a parameter that nobody trained on."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from skillweave.agent.mentions import ALSO, Mention, Piece, stem, stems
from skillweave.skills.model import Parameter

Numbers = NDArray[np.float64]

OF_PAIRS: Final = (
    "choice", "number", "number word", "rate", "list", "one of list", "text", "name", "words",
    "number as text", "date as text", "date for date", "other for date", "names before", "names after",
    "description before", "description after", "preposition", "meaning", "unit", "said", "begins",
    "words more", "items", "holds said", "holds and", "optional",
)  # fmt: skip
"""The signs, in the order of their weights."""
NEAR: Final = 3
"""Words before and after a mention that may say what it is for."""

_FOR: Final[Mapping[str, str]] = {
    "from": "from source origin start begin old departure since",
    "since": "from start since",
    "to": "to target destin end new arrival recipient goal dest",
    "in": "in locat city town place countr room area region state language year month",
    "at": "at locat place time hour venue stop rate speed price",
    "near": "near locat city town place area",
    "around": "near locat city town place area",
    "on": "on date day when topic",
    "for": "for recipient name person people guest duration day night subject",
    "by": "by author artist writer amount",
    "under": "max maximum limit budget price",
    "below": "max maximum limit",
    "above": "min minimum",
    "least": "min minimum",
    "most": "max maximum limit budget",
    "until": "end until",
    "between": "start first from",
    "about": "topic subject about",
    "called": "name title",
    "named": "name title",
}
"""Words before a value, and beginnings of words in the names of parameters they are for."""
_RATES: Final = frozenset("per rate price hourly daily monthly yearly weekly cost".split())
_PER: Final = frozenset("per a an each every daily hourly monthly weekly yearly apiece".split())
_DATED: Final = frozenset("dat day when tim hour week month".split())
_STOPS: Final = ",.;?!:"


class Wanted(NamedTuple):
    """A parameter in words."""

    parameter: Parameter
    names: frozenset[str]
    """Stems of its name."""
    told: frozenset[str]
    """Stems of its description."""
    rate: bool
    """Whether it is one of something for something: ``pages_per_day``."""

    @classmethod
    def of(cls, parameter: Parameter) -> Wanted:
        """From what the tool says."""
        words = spoken(parameter)
        return cls(
            parameter=parameter,
            names=frozenset(stems(words)) or frozenset([parameter.name.lower()]),
            told=frozenset(stems(parameter.description)),
            rate=bool(_RATES & set(words.lower().split())),
        )

    def text(self) -> str:
        """What its meaning is taken from."""
        about = self.parameter.description
        return f"{spoken(self.parameter)}: {about}" if about else spoken(self.parameter)


class Around(NamedTuple):
    """What stands beside a mention in its clause, in small letters."""

    before: Sequence[str]
    """Nearest first."""
    after: Sequence[str]
    begins: bool
    """Whether a sentence begins with it."""

    @classmethod
    def of(cls, m: Mention, pieces: Sequence[Piece]) -> Around:
        """From all pieces of the request."""
        before = [piece.text.lower() for piece in reversed(pieces) if piece.end <= m.start]
        after = [piece.text.lower() for piece in pieces if piece.start >= m.end]
        begins = not before or before[0] in ".!?"
        return cls(_until_stop(before), _until_stop(after), begins)


def spoken(parameter: Parameter) -> str:
    """A parameter's name in words."""
    return parameter.name.replace("_", " ")


def meaning_of(m: Mention, around: Around) -> str:
    """What the meaning of a mention is taken from: a number's is in its unit. Empty where it has none."""
    if m.sort in ("data", "when"):
        return ""
    unit = itertools.takewhile(lambda word: word != "and", around.after[:2])
    return " ".join([m.text, *unit]) if m.sort == "number" else m.text


def evidence(
    one: Wanted,
    m: Mention,
    value: JsonValue,
    around: Around,
    *,
    said: Collection[str],
    meaning: float,
) -> Numbers:
    """What speaks for a mention as the value of a parameter, in the order of `OF_PAIRS`.

    Args:
        value: the mention as the parameter takes it.
        said: stems of all words by which the tool describes itself.
        meaning: cosine of the two.
    """
    kind = one.parameter.type
    numeric, text, several = kind in ("integer", "number"), kind == "string", kind == "array"
    number, moment, listed = m.sort == "number", m.sort == "when", m.sort in ("list", "data")
    digits = m.text[:1] in "+-.0123456789"
    dated = bool(one.names & _DATED)
    rated = bool(_PER & set(around.after[:2]))
    own = set(stems(m.text))
    starts = _FOR.get(around.before[0], "").split() if around.before else []
    signs: dict[str, float] = {
        "choice": "enum" in one.parameter.json_schema,
        "number": numeric and digits,
        "number word": numeric and not digits,
        "rate": (1 if rated == one.rate else -1) if numeric and (rated or one.rate) else 0,
        "list": several and listed,
        "one of list": several and not listed,
        "text": text and m.sort == "text",
        "name": text and m.sort == "name",
        "words": text and m.sort == "words",
        "number as text": text and number,
        "date as text": text and moment,
        "date for date": text and moment and dated,
        "other for date": text and not moment and dated,
        "names before": _nearness(around.before, one.names),
        "names after": _nearness(around.after, one.names),
        "description before": _nearness(around.before, one.told),
        "description after": _nearness(around.after, one.told),
        "preposition": any(name.startswith(start) for start in starts for name in one.names),
        "meaning": 0 if number else meaning,
        "unit": meaning if number else 0,
        "said": bool(own) and own <= one.names | one.told,
        "begins": around.begins and m.sort in ("words", "name"),
        "words more": len(m.text.split()) - 1 if m.sort in ("words", "name") else 0,
        "items": len(value) if isinstance(value, list) else 0,
        "holds said": m.sort == "words" and not own.isdisjoint(said),
        "holds and": m.sort == "name" and not ALSO.isdisjoint(m.text.split()),
        "optional": not one.parameter.required,
    }
    return np.array([signs[name] for name in OF_PAIRS], np.float64)


def _until_stop(words: Sequence[str]) -> list[str]:
    """The nearest words, up to the end of the clause."""
    return list(itertools.takewhile(lambda word: word not in _STOPS, words[:NEAR]))


def _nearness(words: Sequence[str], wanted: frozenset[str]) -> float:
    """How near the words are that are wanted; 1 for one right beside."""
    return sum(1.0 / (1.0 + 0.5 * n) for n, word in enumerate(words) if stem(word) in wanted)

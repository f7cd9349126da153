"""Arguments for a tool from the words of a request: ``a loan of 2000 at 3 percent over 5 years``.

nano plans in the words it was trained on; a tool that somebody drops in may be about anything. Here the
tool is read instead: which part of the request is the value of which parameter, by types, by the words
around it, and by how near the two are in meaning. A log-linear model weighs every way to give the
parameters their values, as one whole.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from skillweave.agent.coerce import CoercionError, coerce
from skillweave.agent.mentions import GRAMMAR, Mention, Piece, mentions, pieces, stem, stems
from skillweave.skills.model import Parameter, Signature, Skill
from skillweave.store.embed import Vectors

Embed = Callable[[str], Vectors]
Numbers = NDArray[np.float64]

WEIGHTS: Final = Path(__file__).with_name("calling.json")
"""Fitted by ``python -m skillweave.evals.calling_fit``."""
NEAR: Final = 3
"""Words before and after a mention that may say what it is for."""
CHOICES: Final = 6
"""Mentions that are looked at for one parameter, the likeliest."""
WAYS: Final = 5_000
"""Ways that are looked at."""
LONGEST: Final = 600
"""Characters of a request that may be a call; with more, too many ways would have to be looked at."""

OF_PAIRS: Final = (
    "choice", "number", "number word", "rate", "list", "one of list", "text", "name", "words",
    "number as text", "date as text", "date for date", "other for date", "names before", "names after",
    "description before", "description after", "preposition", "meaning", "unit", "said", "begins",
    "words more", "items", "holds said", "optional",
)  # fmt: skip
"""What speaks for or against a mention as the value of a parameter."""
OF_WAYS: Final = ("turned", "numbers left", "names left", "texts left")
"""What speaks for or against a way as a whole."""

OF_CALLS: Final = ("cosine", "covered", "sure of arguments", "values left", "with arguments", "any")
"""What speaks for or against a call, once its arguments are chosen."""

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
_NOT: Final = frozenset("no not without never skip dont don't don’t isnt isn't".split())
_STOPS: Final = ",.;?!:"


class Call(NamedTuple):
    """One tool with arguments for it."""

    skill: Skill
    texts: Mapping[str, str]
    """The arguments by parameter, as the request says them; ``true`` or ``false`` for a switch."""
    arguments: Mapping[str, JsonValue]
    """The same as the tool takes them."""
    probability: float
    """That the arguments are these, given that it is this tool."""
    left: int
    """Numbers, texts and dates of the request that no parameter takes."""
    covered: float
    """Share of the telling words that are values, or words by which the tool describes itself."""


class Choice(NamedTuple):
    """A mention for a parameter, or nothing for one that may be left out."""

    mention: Mention | None
    value: JsonValue
    evidence: Numbers
    """``[len(OF_PAIRS)]``"""


class Way(NamedTuple):
    """Choices for all parameters."""

    choices: Mapping[str, Choice]
    evidence: Numbers
    """``[len(OF_PAIRS) + len(OF_WAYS)]``"""

    @property
    def values(self) -> dict[str, JsonValue]:
        """The values by parameter."""
        return {name: one.value for name, one in self.choices.items() if one.mention}


@cache
def weights() -> Numbers:
    """Of what speaks for a way: `OF_PAIRS`, then `OF_WAYS`."""
    return _kept("weights", (*OF_PAIRS, *OF_WAYS))


def trust(made: Call, cosine: float) -> float:
    """The probability that a call is what was asked for.

    Args:
        cosine: how near the tool is to the request.
    """
    return float(1.0 / (1.0 + np.exp(-signs_of(made, cosine) @ _kept("trust", OF_CALLS))))


def signs_of(made: Call, cosine: float) -> Numbers:
    """What tells whether a call is to be trusted, in the order of `OF_CALLS`."""
    sure = np.log(max(made.probability, 1e-3))
    given = float(bool(made.texts))
    return np.array([cosine, made.covered, sure, min(made.left, 3), given, 1.0])


@cache
def _kept(part: str, names: Sequence[str]) -> Numbers:
    kept = json.loads(WEIGHTS.read_text(encoding="utf-8"))[part]
    return np.array([kept[name] for name in names])


def call(request: str, skill: Skill, embed: Embed) -> Call | None:
    """The tool with the likeliest arguments; None where a required one is missing.

    Args:
        embed: gives unit vectors of short texts.
    """
    asked = Asked(request, skill, embed)
    found = asked.ways(weights())
    if not found:
        return None
    scores = np.array([way.evidence @ weights() for way in found])
    best = int(scores.argmax())
    odds = np.exp(scores - scores[best])
    return asked.call_of(found[best], float(1.0 / odds.sum()))


class _Wanted(NamedTuple):
    """A parameter in words."""

    parameter: Parameter
    names: frozenset[str]
    """Stems of its name."""
    told: frozenset[str]
    """Stems of its description."""
    vector: Vectors
    rate: bool
    """Whether it is one of something for something: ``pages_per_day``."""


class Asked:
    """One request put to one tool."""

    def __init__(self, request: str, skill: Skill, embed: Embed):
        signature = skill.signature or Signature(function="")
        self.request = request
        self.skill = skill
        self._wanted = [_wanted(one, embed) for one in signature.parameters]
        names = set().union(*(one.names for one in self._wanted))
        described = f"{skill.name.replace('-', ' ')} {skill.description} {signature.summary}"
        self._said = {*stems(described), *names}
        self._told = self._said.union(*(one.told for one in self._wanted))
        self._pieces = pieces(request)
        self.mentions = mentions(request, self._said)
        self._embed = embed

    def ways(self, weights: Numbers) -> list[Way]:
        """The ways to give the parameters their values, the likeliest for each looked at first."""
        options = [self._choices(one, weights[: len(OF_PAIRS)]) for one in self._wanted]
        if not all(options):
            return []
        names = [one.parameter.name for one in self._wanted]
        ways = itertools.islice(_disjoint(options, 0, ()), WAYS)
        return [Way(dict(zip(names, way, strict=True)), self._evidence(way)) for way in ways]

    def call_of(self, way: Way, probability: float) -> Call:
        """What a way comes to."""
        taken = {name: one.mention for name, one in way.choices.items() if one.mention}
        places = list(taken.values())
        switched = {name: str(on).lower() for name, on in self.switches().items()}
        telling = [
            p
            for p in self._pieces
            if p.sort != "mark" and (p.sort != "word" or p.text.lower() not in GRAMMAR)
        ]
        covered = [p for p in telling if stem(p.text) in self._told or _within(p, places)]
        left = [m for m in self.mentions if m.sort not in ("words", "name") and not _any(m, places)]
        return Call(
            skill=self.skill,
            texts={name: m.text for name, m in taken.items()} | switched,
            arguments=way.values | self.switches(),
            probability=probability,
            left=len({(m.start, m.end) for m in left}),
            covered=len(covered) / max(1, len(telling)),
        )

    def switches(self) -> dict[str, bool]:
        """The switches that the request sets, by the words of their names."""
        words = re.findall(r"[\w’']+", self.request.lower())
        found: dict[str, bool] = {}
        for one in self._wanted:
            at = [n for n, word in enumerate(words) if stem(word) in one.names]
            if one.parameter.type == "boolean" and at:
                found[one.parameter.name] = not _NOT & set(words[max(0, at[0] - 3) : at[0]])
        return found

    def _choices(self, one: _Wanted, weights: Numbers) -> list[Choice]:
        """The likeliest mentions for a parameter."""
        parameter = one.parameter
        nothing = Choice(None, None, np.zeros(len(OF_PAIRS)))
        if parameter.type == "boolean":
            known = not parameter.required or parameter.name in self.switches()
            return [nothing] if known else []
        found = []
        for m in self.mentions:
            value = _value(m, parameter)
            if value is not None:
                found.append(Choice(m, value, self._speaks(one, m, value)))
        found.sort(key=lambda choice: -float(choice.evidence @ weights))
        return found[:CHOICES] + ([] if parameter.required else [nothing])

    def _speaks(self, one: _Wanted, m: Mention, value: JsonValue) -> Numbers:
        """What speaks for a mention as the value of a parameter, in the order of `OF_PAIRS`."""
        before = _until_stop([p.text.lower() for p in reversed(self._pieces) if p.end <= m.start])
        after = _until_stop([p.text.lower() for p in self._pieces if p.start >= m.end])
        kind, number, dated = one.parameter.type, m.sort == "number", bool(one.names & _DATED)
        digits = number and m.text[:1] in "+-.0123456789"
        numeric, text = kind in ("integer", "number"), kind == "string"
        own = set(stems(m.text))
        rated = bool(_PER & set(after[:2]))
        starts = _FOR.get(before[0], "").split() if before else []
        unit = " ".join([m.text, *itertools.takewhile(lambda word: word != "and", after[:2])])
        meaning = (
            0.0
            if m.sort in ("data", "when")
            else float(self._embed(unit if number else m.text) @ one.vector)
        )
        begins = (
            not self.request[: m.start].strip() or self.request[: m.start].rstrip()[-1] in ".!?"
        )
        return np.array(
            [
                "enum" in one.parameter.json_schema,
                numeric and digits,
                numeric and number and not digits,
                (1.0 if rated == one.rate else -1.0) if numeric and (rated or one.rate) else 0.0,
                kind == "array" and m.sort in ("list", "data"),
                kind == "array" and m.sort not in ("list", "data"),
                text and m.sort == "text",
                text and m.sort == "name",
                text and m.sort == "words",
                text and number,
                text and m.sort == "when",
                text and m.sort == "when" and dated,
                text and m.sort != "when" and dated,
                _nearness(before, one.names),
                _nearness(after, one.names),
                _nearness(before, one.told),
                _nearness(after, one.told),
                any(name.startswith(start) for start in starts for name in one.names),
                0.0 if number else meaning,
                meaning if number else 0.0,
                bool(own) and own <= one.names | one.told,
                begins and m.sort in ("words", "name"),
                len(m.text.split()) - 1 if m.sort in ("words", "name") else 0,
                len(value) if isinstance(value, list) else 0,
                m.sort == "words" and bool(own & self._said),
                not one.parameter.required,
            ],
            dtype=np.float64,
        )

    def _evidence(self, way: Sequence[Choice]) -> Numbers:
        places = [one.mention for one in way if one.mention]
        turned = sum(a.start > b.start for a, b in itertools.combinations(places, 2))
        left = [m for m in self.mentions if not _any(m, places)]
        counts = [
            sum(m.sort == "number" and m.text[:1].isdigit() for m in left),
            sum(m.sort == "name" for m in left),
            sum(m.sort == "text" for m in left),
        ]
        pairs = sum((one.evidence for one in way), np.zeros(len(OF_PAIRS)))
        return np.concatenate([pairs, [turned, *counts]])


def _wanted(parameter: Parameter, embed: Embed) -> _Wanted:
    words = parameter.name.replace("_", " ")
    return _Wanted(
        parameter=parameter,
        names=frozenset(stems(words)) or frozenset([parameter.name.lower()]),
        told=frozenset(stems(parameter.description)),
        vector=embed(f"{words}: {parameter.description}" if parameter.description else words),
        rate=bool(_RATES & set(words.lower().split())),
    )


def _value(m: Mention, parameter: Parameter) -> JsonValue | None:
    """The mention as the parameter takes it; None where it does not."""
    kind = parameter.type
    if kind in ("integer", "number") and m.sort != "number":
        return None
    if kind == "string" and m.sort == "list" and "enum" not in parameter.json_schema:
        return None
    try:
        return coerce(m.text, dict(parameter.json_schema) or {"type": kind})
    except CoercionError:
        return None


def _disjoint(
    options: Sequence[Sequence[Choice]], at: int, taken: tuple[Choice, ...]
) -> Iterator[tuple[Choice, ...]]:
    """Every way to choose for each parameter in which no two share words."""
    if at == len(options):
        yield taken
        return
    places = [one.mention for one in taken if one.mention]
    for one in options[at]:
        if one.mention is None or not _any(one.mention, places):
            yield from _disjoint(options, at + 1, (*taken, one))


def _until_stop(words: Sequence[str]) -> list[str]:
    """The nearest words, up to the end of the clause."""
    return list(itertools.takewhile(lambda word: word not in _STOPS, words[:NEAR]))


def _nearness(words: Sequence[str], wanted: frozenset[str]) -> float:
    """How near the words are that are wanted; 1 for one right beside."""
    return sum(1.0 / (1.0 + 0.5 * n) for n, word in enumerate(words) if stem(word) in wanted)


def _any(m: Mention, places: Sequence[Mention]) -> bool:
    """Whether it shares words with one of the places."""
    return any(m.start < other.end and other.start < m.end for other in places)


def _within(piece: Piece, places: Sequence[Mention]) -> bool:
    return any(other.start <= piece.start and piece.end <= other.end for other in places)

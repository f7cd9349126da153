"""Arguments for a tool from the words of a request: ``a loan of 2000 at 3 percent over 5 years``.

nano plans in the words it was trained on; a tool that somebody drops in may be about anything. Here the
tool is read instead: which part of the request is the value of which parameter, by types, by the words
around it, and by how near the two are in meaning. A log-linear model weighs every way to give the
parameters their values, as one whole; some ways are several calls (``in Rome and in Oslo``), see
`skillweave.agent.again`.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from pydantic import JsonValue

from skillweave.agent.again import (
    OF_REPEATS,
    Choice,
    Row,
    disjoint,
    mentioned,
    repeats,
    signs_of_repeats,
    turned,
)
from skillweave.agent.coerce import CoercionError, coerce
from skillweave.agent.evidence import OF_PAIRS, Around, Numbers, Wanted, evidence, meaning_of
from skillweave.agent.mentions import (
    GRAMMAR,
    Mention,
    Piece,
    mentions,
    pieces,
    stem,
    stems,
    touches,
)
from skillweave.skills.model import Parameter, Signature, Skill
from skillweave.store.embed import Vectors

Embed = Callable[[str], Vectors]

WEIGHTS: Final = Path(__file__).with_name("calling.json")
"""Fitted by ``python -m skillweave.evals.calling_fit``."""
CHOICES: Final = 6
"""Mentions that are looked at for one parameter, the likeliest."""
WAYS: Final = 5_000
"""Ways that are looked at."""
REPEATED: Final = 40
"""Ways of one call that may be more than one, the likeliest."""
LONGEST: Final = 600
"""Characters of a request that may be a call; with more, too many ways would have to be looked at."""

OF_WAYS: Final = (
    "turned",
    "misplaced",
    "numbers left",
    "names left",
    "texts left",
    "dates left",
    *OF_REPEATS,
)
"""What speaks for or against a way as a whole, beside what speaks for its pairs."""
OF_CALLS: Final = ("cosine", "covered", "sure of arguments", "values left", "with arguments", "any")
"""What speaks for or against a call, once its arguments are chosen."""

_NOT: Final = frozenset("no not without never skip dont don't don’t isnt isn't".split())


class Given(NamedTuple):
    """What a tool is given in one call."""

    texts: Mapping[str, str]
    """The arguments by parameter, as the request says them; ``true`` or ``false`` for a switch."""
    arguments: Mapping[str, JsonValue]
    """The same as the tool takes them."""


class Call(NamedTuple):
    """One tool with arguments for it, or with several sets of them."""

    skill: Skill
    given: Sequence[Given]
    probability: float
    """That the arguments are these, given that it is this tool."""
    left: int
    """Numbers, texts and dates of the request that no parameter takes."""
    covered: float
    """Share of the telling words that are values, or words by which the tool describes itself."""


class Way(NamedTuple):
    """Choices for all parameters, once for every call."""

    rows: Sequence[Row]
    evidence: Numbers
    """``[len(OF_PAIRS) + len(OF_WAYS)]``"""


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
    given = float(any(one.texts for one in made.given))
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


class Asked:
    """One request put to one tool."""

    def __init__(self, request: str, skill: Skill, embed: Embed):
        signature = skill.signature or Signature(function="")
        self.request = request
        self.skill = skill
        self._wanted = [Wanted.of(one) for one in signature.parameters]
        self._numeric = {p.name for p in signature.parameters if p.type in ("integer", "number")}
        names = set().union(*(one.names for one in self._wanted))
        described = f"{skill.name.replace('-', ' ')} {skill.description} {signature.summary}"
        self._said = {*stems(described), *names}
        self._told = self._said.union(*(one.told for one in self._wanted))
        self._pieces = pieces(request)
        self._mentions = mentions(request, self._said)
        self._around = {m: Around.of(m, self._pieces) for m in self._mentions}
        self._embed = embed

    def ways(self, weights: Numbers) -> list[Way]:
        """The ways to give the parameters their values, the likeliest for each looked at first."""
        found = {one.parameter.name: self._choices(one, weights) for one in self._wanted}
        options = {
            w.parameter.name: self._options(w, found[w.parameter.name]) for w in self._wanted
        }
        if not all(options.values()):
            return []
        rows = itertools.islice(disjoint(options), WAYS)
        ways = [self._way([row]) for row in rows]
        likely = sorted(ways, key=lambda way: -float(way.evidence @ weights))[:REPEATED]
        pairs = weights[: len(OF_PAIRS)]

        def score(one: Choice) -> float:
            return float(one.evidence @ pairs)

        more = [
            self._way(again)
            for way in likely
            for again in repeats(way.rows[0], found, self.request, score)
        ]
        return ways + more

    def call_of(self, way: Way, probability: float) -> Call:
        """What a way comes to."""
        places = mentioned(way.rows)
        telling = [
            p
            for p in self._pieces
            if p.sort != "mark" and (p.sort != "word" or p.text.lower() not in GRAMMAR)
        ]
        covered = [p for p in telling if stem(p.text) in self._told or _within(p, places)]
        left = [
            m for m in self._mentions if m.sort not in ("words", "name") and not touches(m, places)
        ]
        return Call(
            skill=self.skill,
            given=[self._given(row) for row in way.rows],
            probability=probability,
            left=len({(m.start, m.end) for m in left}),
            covered=len(covered) / max(1, len(telling)),
        )

    def arguments(self, way: Way) -> list[Mapping[str, JsonValue]]:
        """The arguments of each call."""
        return [self._given(row).arguments for row in way.rows]

    def _given(self, row: Row) -> Given:
        switches = self.switches()
        texts = {name: one.mention.text for name, one in row.items()}
        values = {name: one.value for name, one in row.items()}
        switched = {name: str(on).lower() for name, on in switches.items()}
        return Given(texts | switched, values | switches)

    def switches(self) -> dict[str, bool]:
        """The switches that the request sets, by the words of their names."""
        words = re.findall(r"[\w’']+", self.request.lower())
        found: dict[str, bool] = {}
        for one in self._wanted:
            at = [n for n, word in enumerate(words) if stem(word) in one.names]
            if one.parameter.type == "boolean" and at:
                found[one.parameter.name] = not _NOT & set(words[max(0, at[0] - 3) : at[0]])
        return found

    def _choices(self, one: Wanted, weights: Numbers) -> list[Choice]:
        """The mentions that a parameter may take, the likeliest first."""
        parameter = one.parameter
        if parameter.type == "boolean":
            return []
        vector = self._embed(one.text())
        found = []
        for m in self._mentions:
            value = _value(m, parameter)
            if value is None:
                continue
            around = self._around[m]
            text = meaning_of(m, around)
            meaning = float(self._embed(text) @ vector) if text else 0.0
            signs = evidence(one, m, value, around, said=self._said, meaning=meaning)
            found.append(Choice(m, value, signs))
        return sorted(found, key=lambda choice: -float(choice.evidence @ weights[: len(OF_PAIRS)]))

    def _options(self, one: Wanted, found: Sequence[Choice]) -> list[Choice | None]:
        """The likeliest of them, and none for a parameter that may be left out."""
        parameter = one.parameter
        switched = parameter.type == "boolean" and parameter.name in self.switches()
        return [*found[:CHOICES], *([] if parameter.required and not switched else [None])]

    def _way(self, rows: Sequence[Row]) -> Way:
        places = mentioned(rows)
        left = [m for m in self._mentions if not touches(m, places)]
        counts = [
            sum(m.sort == "number" and m.text[:1].isdigit() for m in left),
            sum(m.sort == "name" for m in left),
            sum(m.sort == "text" for m in left),
            sum(m.sort == "when" for m in left),
        ]
        pairs = sum((one.evidence for row in rows for one in row.values()), np.zeros(len(OF_PAIRS)))
        again = signs_of_repeats(rows, self._pieces)
        signs = [turned(rows[0]), self._misplaced(rows[0]), *counts]
        return Way(rows, np.concatenate([pairs / len(rows), signs, again]))

    def _misplaced(self, row: Row) -> bool:
        """Whether a text takes a number while a parameter for numbers goes without one."""
        given = {name for name, one in row.items() if one.mention.sort == "number"}
        return bool(given - self._numeric) and bool(self._numeric - given)


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


def _within(piece: Piece, places: Collection[Mention]) -> bool:
    return any(other.start <= piece.start and piece.end <= other.end for other in places)

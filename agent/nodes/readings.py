"""What a request may be for tools from outside: one for all of it, one for each part, or one in a plan."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from skillweave.agent.calling import Call, call, trust
from skillweave.agent.deps import Deps
from skillweave.agent.growth.reuse import CHAIN
from skillweave.agent.mentions import clauses
from skillweave.agent.nodes.doable import MISFIT, matches
from skillweave.agent.nodes.retrieve import POOL
from skillweave.agent.plan import Plan, Step
from skillweave.skills.builtin import builtin_root
from skillweave.skills.model import Skill
from skillweave.store.ranking import Hit

CANDIDATES: Final = 6
LEAST: Final = 0.25
"""How sure it must be that the tool is meant, and with these arguments."""
LEAST_OF_PART: Final = 0.5
"""The same of a part of a request."""
PARTS: Final = 4
"""Clauses of a request, or steps of its plan, of which each may be a call; more are too many to try all."""

_NOTHING_QUOTED: Final = re.compile(r"[\"'“‘]\s*[\"'”’]")
_WORD: Final = re.compile(r"\w+(?:[.'’]\w+)*")


class Reading(NamedTuple):
    """Calls for a request or a part of it."""

    calls: Sequence[Call]
    confidence: float
    """The probability that all of them are meant."""
    beside: Sequence[Step] = ()
    """The steps of a plan that remain beside one call."""
    result: int = 0
    """The step whose result they take from the call."""


async def whole_of(text: str, named: Sequence[Skill], deps: Deps) -> Reading | None:
    """One tool for all of a text, of the ``named`` ones where there are any."""
    hits = await deps.search(text, frozenset({"tool"}), POOL)
    cosines = {hit.skill.name: hit.dense for hit in hits}
    skills = named or [hit.skill for hit in candidates(hits)]
    made = await asyncio.to_thread(_calls, text, skills, deps)
    read = [Reading([one], trust(one, cosines.get(one.skill.name, 0.0))) for one in made]
    return max(read, key=_confidence, default=None)


async def parts_of(request: str, whole: Reading, deps: Deps) -> Reading | None:
    """A tool for each part, in the likeliest way to cut a request into two or more.

    None where it is less likely than the ``whole`` is, unless a part is all that this was read as: then the
    rest would be lost.
    """
    cut = clauses(request)
    if not 1 < len(cut) <= PARTS:
        return None
    best: list[Reading | None] = [Reading((), 1.0)]
    for end in range(1, len(cut) + 1):
        ways = []
        for start in range(int(end == len(cut)), end):
            before = best[start]
            if before is None or not any(one.asks for one in cut[start:end]):
                continue
            last = await whole_of(request[cut[start].start : cut[end - 1].end], (), deps)
            if last is not None and last.confidence >= LEAST_OF_PART:
                confidence = before.confidence * last.confidence
                ways.append(Reading([*before.calls, *last.calls], confidence))
        best.append(max(ways, key=_confidence, default=None))
    parts = best[-1]
    if parts is None or parts.confidence < LEAST:
        return None
    if len({one.skill.name for one in parts.calls}) < len(parts.calls):
        return None  # one tool again is for `calling` to see; else what is told of a request is one, too
    lost = any(_is_same(whole.calls[0], one) for one in parts.calls)
    return parts if lost or parts.confidence > whole.confidence else None


async def beside_plan(request: str, plan: Plan, whole: Reading, deps: Deps) -> Reading | None:
    """One tool for some steps of a plan, where the library can do the others: ``..., rounded to tens``.

    The request without the words of the others must be the likelier call, and of the same arguments as the
    ``whole`` where that would be made.
    """
    steps = plan.steps
    if not 1 < len(steps) <= PARTS:
        return None
    spans = itertools.combinations(range(len(steps) + 1), 2)
    parts = [slice(start, end) for start, end in spans if end - start < len(steps)]
    found = [await _in_place_of(part, steps, request, whole, deps) for part in parts]
    return max((one for one in found if one), key=_confidence, default=None)


async def _in_place_of(
    part: slice, steps: Sequence[Step], request: str, whole: Reading, deps: Deps
) -> Reading | None:
    """A tool for one part of a plan; only the result of its last step may be wanted by the others."""
    within = steps[part]
    others = [step for step in steps if step not in within]
    inner = {step.id for step in within[:-1]}
    if any(step.needs & inner for step in others):
        return None
    one = await whole_of(without_words(request, others), (), deps)
    if one is None or len(one.calls[0].given) > 1:
        return None
    likelier = one.confidence > max(whole.confidence, LEAST_OF_PART)
    same = whole.confidence < LEAST or _is_same(whole.calls[0], one.calls[0])
    if not (likelier and same) or min(await matches(Plan(steps=tuple(others)), deps)) <= MISFIT:
        return None
    return one._replace(beside=others, result=within[-1].id)


def without_words(request: str, steps: Sequence[Step]) -> str:
    """A request without the words that steps of its plan were cut from.

    >>> from skillweave.agent.plan import Ref
    >>> rounded = Step(id=2, goal="rounded to tens {}", inputs=(Ref(step=1),))
    >>> without_words("How many litres is that, rounded to tens?", [rounded])
    'How many litres is that, ?'
    """
    words = list(_WORD.finditer(request))
    gone: set[int] = set()
    at = 0
    for step in steps:
        for word in _WORD.findall(step.render(references=False)):
            fits = [
                n
                for n in (*range(at, len(words)), *range(at))
                if n not in gone and words[n].group().lower() == word.lower()
            ]
            if fits:
                gone.add(fits[0])
                at = fits[0] + 1
    for n in sorted(gone, reverse=True):
        request = request[: words[n].start()] + request[words[n].end() :]
    return " ".join(_NOTHING_QUOTED.sub("", request).split())


def candidates(hits: Sequence[Hit]) -> list[Hit]:
    """The nearest tools that do not come along, and do one thing."""
    return [hit for hit in hits if is_own(hit.skill)][:CANDIDATES]


def is_own(skill: Skill) -> bool:
    """Whether a skill is the user's, and no composite that a plan was compiled to."""
    builtin = skill.path is None or builtin_root() in skill.path.parents
    return not builtin and CHAIN not in skill.metadata


def _calls(text: str, skills: Sequence[Skill], deps: Deps) -> list[Call]:
    tools = [skill for skill in skills if skill.kind == "tool"]
    found = (call(text, skill, deps.library.vector) for skill in tools)
    return [one for one in found if one is not None]


def _is_same(one: Call, other: Call) -> bool:
    """Whether the same tool gets the same."""
    return one.skill.name == other.skill.name and [given.arguments for given in one.given] == [
        given.arguments for given in other.given
    ]


def _confidence(one: Reading) -> float:
    return one.confidence

"""A request that is calls of tools from outside: for what nano plans not at all, or in vain."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from skillweave.agent.calling import LONGEST, Call, Given, call, trust
from skillweave.agent.deps import Deps
from skillweave.agent.growth.reuse import CHAIN
from skillweave.agent.mentions import clauses
from skillweave.agent.nodes.retrieve import POOL
from skillweave.agent.plan import SLOT, Literal, Plan, Step
from skillweave.agent.state import Folded, State
from skillweave.skills.builtin import builtin_root
from skillweave.skills.model import Skill
from skillweave.store.ranking import Hit

CANDIDATES = 6
LEAST = 0.25
"""How sure it must be that the tool is meant, and with these arguments."""
LEAST_TOLD = 0.1
"""How sure it must be for the user to be asked."""
LEAST_OF_PART = 0.4
"""The same of a part of a request."""
CLAUSES = 4
"""Parts of a request that may each be a call; what has more is read as a whole."""


class Called(NamedTuple):
    """A plan in which every step is a call, and the calls that they stand for."""

    plan: Plan
    folded: tuple[Folded, ...]
    confidence: float
    sure: bool
    """Whether it is to be tried; else the user is told of the tool."""

    @property
    def tool(self) -> str:
        """The name of the first tool."""
        return self.folded[0].skill.partition("@")[0]


class _Trusted(NamedTuple):
    """Calls for a request or a part of it, each part's one."""

    calls: Sequence[Call]
    confidence: float
    """The probability that all of them are meant."""


async def called(state: State, deps: Deps) -> Called | None:
    """The likeliest calls of tools that do not come along; of one that the user named, in any case.

    nano was trained on the tools that come along: what it does not plan with them is not meant for them.
    """
    request = state["task"]
    if deps.profile.does_steps or len(request) > LONGEST:
        return None
    named = [await deps.get(name) for name in state.get("pinned", ())]
    best = await _whole(request, named, deps)
    if best is not None and not named:
        best = _better(best, await _parts(request, deps))
    if best is None or not (named or best.confidence >= LEAST_TOLD):
        return None
    history = state.get("history", ())
    number = history[-1].step.id + 1 if history else 1
    made = [(one.skill, given) for one in best.calls for given in one.given]
    steps = [_step(skill, given, number + n) for n, (skill, given) in enumerate(made)]
    folded = [
        Folded(step=step.id, skill=skill.versioned_name, parameters=tuple(given.texts))
        for step, (skill, given) in zip(steps, made, strict=True)
    ]
    sure = bool(named) or best.confidence >= LEAST
    return Called(Plan(steps=tuple(steps)), tuple(folded), best.confidence, sure)


async def _whole(text: str, named: Sequence[Skill], deps: Deps) -> _Trusted | None:
    """One tool for all of a text."""
    hits = await deps.search(text, frozenset({"tool"}), POOL)
    cosines = {hit.skill.name: hit.dense for hit in hits}
    skills = named or [hit.skill for hit in candidates(hits)]
    calls = await asyncio.to_thread(_calls, text, skills, deps)
    trusted = [_Trusted([one], trust(one, cosines.get(one.skill.name, 0.0))) for one in calls]
    return max(trusted, key=_confidence, default=None)


async def _parts(request: str, deps: Deps) -> _Trusted | None:
    """A tool for each part of a request, in the likeliest way to cut it into two or more."""
    cut = clauses(request)
    if not 1 < len(cut) <= CLAUSES:
        return None
    best: list[_Trusted | None] = [_Trusted((), 1.0)]
    for end in range(1, len(cut) + 1):
        ways = []
        for start in range(int(end == len(cut)), end):
            before = best[start]
            if before is None:
                continue
            last = await _whole(request[cut[start].start : cut[end - 1].end], (), deps)
            if last is not None and last.confidence >= LEAST_OF_PART:
                confidence = before.confidence * last.confidence
                ways.append(_Trusted([*before.calls, *last.calls], confidence))
        best.append(max(ways, key=_confidence, default=None))
    return best[-1]


def _better(whole: _Trusted, parts: _Trusted | None) -> _Trusted:
    """The likelier reading; where one of the parts is all that the whole was read as, the rest is lost."""
    if parts is None or parts.confidence < LEAST:
        return whole
    lost = any(_is_same(whole.calls[0], one) for one in parts.calls)
    return parts if lost else max(whole, parts, key=_confidence)


def _is_same(one: Call, other: Call) -> bool:
    """Whether the same tool gets the same."""
    return one.skill.name == other.skill.name and [g.arguments for g in one.given] == [
        g.arguments for g in other.given
    ]


def _confidence(one: _Trusted) -> float:
    return one.confidence


def _calls(text: str, skills: Sequence[Skill], deps: Deps) -> list[Call]:
    tools = [skill for skill in skills if skill.kind == "tool"]
    found = (call(text, skill, deps.library.vector) for skill in tools)
    return [one for one in found if one is not None]


def candidates(hits: Sequence[Hit]) -> list[Hit]:
    """The nearest tools that do not come along, and do one thing."""
    return [hit for hit in hits if is_own(hit.skill)][:CANDIDATES]


def is_own(skill: Skill) -> bool:
    """Whether a skill is the user's, and no composite that a plan was compiled to."""
    builtin = skill.path is None or builtin_root() in skill.path.parents
    return not builtin and CHAIN not in skill.metadata


def _step(skill: Skill, given: Given, number: int) -> Step:
    """The call in words: ``tank volume (length {}, depth {})``."""
    values = ", ".join(f"{name.replace('_', ' ')} {SLOT}" for name in given.texts)
    name = skill.name.replace("-", " ")
    inputs = tuple(Literal(text=text) for text in given.texts.values())
    return Step(id=number, goal=f"{name} ({values})" if values else name, inputs=inputs)

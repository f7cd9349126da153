"""A request that is one call of a tool from outside: for what nano plans not at all, or in vain."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from skillweave.agent.calling import LONGEST, Call, call, trust
from skillweave.agent.deps import Deps
from skillweave.agent.growth.reuse import CHAIN
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


class Called(NamedTuple):
    """A plan of one step, and the call that it stands for."""

    plan: Plan
    folded: Folded
    confidence: float
    sure: bool
    """Whether it is to be tried; else the user is told of the tool."""

    @property
    def tool(self) -> str:
        """The tool's name."""
        return self.folded.skill.partition("@")[0]


async def called(state: State, deps: Deps) -> Called | None:
    """The likeliest call of a tool that does not come along; of one that the user named, in any case.

    nano was trained on the tools that come along: what it does not plan with them is not meant for them.
    """
    request = state["task"]
    if deps.profile.does_steps or len(request) > LONGEST:
        return None
    named = state.get("pinned", ())
    hits = await deps.search(request, frozenset({"tool"}), POOL)
    cosines = {hit.skill.name: hit.dense for hit in hits}
    skills = [await deps.get(name) for name in named] or [hit.skill for hit in candidates(hits)]
    calls = await asyncio.to_thread(_calls, request, skills, deps)
    trusted = [(trust(one, cosines.get(one.skill.name, 0.0)), one) for one in calls]
    confidence, best = max(trusted, key=lambda one: one[0], default=(0.0, None))
    if best is None or not (named or confidence >= LEAST_TOLD):
        return None
    history = state.get("history", ())
    step = _step(best, history[-1].step.id + 1 if history else 1)
    folded = Folded(step=step.id, skill=best.skill.versioned_name, parameters=tuple(best.texts))
    sure = bool(named) or confidence >= LEAST
    return Called(Plan(steps=(step,)), folded, confidence, sure)


def _calls(request: str, skills: list[Skill], deps: Deps) -> list[Call]:
    tools = [skill for skill in skills if skill.kind == "tool"]
    found = (call(request, skill, deps.library.vector) for skill in tools)
    return [one for one in found if one is not None]


def candidates(hits: Sequence[Hit]) -> list[Hit]:
    """The nearest tools that do not come along, and do one thing."""
    return [hit for hit in hits if is_own(hit.skill)][:CANDIDATES]


def is_own(skill: Skill) -> bool:
    """Whether a skill is the user's, and no composite that a plan was compiled to."""
    builtin = skill.path is None or builtin_root() in skill.path.parents
    return not builtin and CHAIN not in skill.metadata


def _step(made: Call, number: int) -> Step:
    """The call in words: ``tank volume (length {}, depth {})``."""
    given = ", ".join(f"{name.replace('_', ' ')} {SLOT}" for name in made.texts)
    name = made.skill.name.replace("-", " ")
    inputs = tuple(Literal(text=text) for text in made.texts.values())
    return Step(id=number, goal=f"{name} ({given})" if given else name, inputs=inputs)

"""A request that is calls of tools from outside: for what nano plans not at all, or in vain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from skillweave.agent.calling import LONGEST, Given
from skillweave.agent.deps import Deps
from skillweave.agent.nodes.readings import LEAST, Reading, beside_plan, parts_of, whole_of
from skillweave.agent.plan import SLOT, Literal, Plan, Step
from skillweave.agent.state import Folded, State
from skillweave.skills.model import Skill

LEAST_TOLD = 0.1
"""How sure it must be for the user to be asked."""


class Called(NamedTuple):
    """A plan, and the calls that steps of it stand for."""

    plan: Plan
    folded: tuple[Folded, ...]
    confidence: float
    sure: bool
    """Whether it is to be tried; else the user is told of the tool."""

    @property
    def tool(self) -> str:
        """The name of the first tool."""
        return self.folded[0].skill.partition("@")[0]


async def called(
    state: State, deps: Deps, read: Callable[[], Awaitable[Plan | None]]
) -> Called | None:
    """The likeliest calls of tools that do not come along; of one that the user named, in any case.

    nano was trained on the tools that come along: what it does not plan with them is not meant for them.

    Args:
        read: gives what nano would plan; steps of it may remain beside a call.
    """
    request = state["task"]
    if len(request) > LONGEST:
        return None
    named = [await deps.get(name) for name in state.get("pinned", ())]
    best = await whole_of(request, named, deps)
    if best is not None and not named:
        best = await _better(request, best, read, deps)
    if best is None or not (named or best.confidence >= LEAST_TOLD):
        return None
    history = state.get("history", ())
    plan, folded = _planned(best, history[-1].step.id + 1 if history else 1)
    return Called(plan, folded, best.confidence, bool(named) or best.confidence >= LEAST)


async def _better(
    request: str, whole: Reading, read: Callable[[], Awaitable[Plan | None]], deps: Deps
) -> Reading:
    """What does more of the request than one tool for the whole, if anything surely does."""
    if parts := await parts_of(request, whole, deps):
        return parts
    plan = await read()
    return (await beside_plan(request, plan, whole, deps) if plan else None) or whole


def _planned(read: Reading, first: int) -> tuple[Plan, tuple[Folded, ...]]:
    """The plan in which each call is a step, and the calls. Beside a plan's own steps it keeps their numbers.

    Args:
        first: number of the first step.
    """
    made = [(one.skill, given) for one in read.calls for given in one.given]
    start = read.result or first
    steps = [_step(skill, given, start + n) for n, (skill, given) in enumerate(made)]
    folded = [
        Folded(step=step.id, skill=skill.versioned_name, parameters=tuple(given.texts))
        for step, (skill, given) in zip(steps, made, strict=True)
    ]
    ordered = sorted([*steps, *read.beside], key=lambda step: step.id)
    return Plan(steps=tuple(ordered)), tuple(folded)


def _step(skill: Skill, given: Given, number: int) -> Step:
    """The call in words: ``tank volume (length {}, depth {})``."""
    values = ", ".join(f"{name.replace('_', ' ')} {SLOT}" for name in given.texts)
    name = skill.name.replace("-", " ")
    inputs = tuple(Literal(text=text) for text in given.texts.values())
    return Step(id=number, goal=f"{name} ({values})" if values else name, inputs=inputs)

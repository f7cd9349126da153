"""How much of a plan the library could do: it tells which of two readings of a request is better.

A goal that stops too early, or runs on into the next one, resembles no skill, or only skills that take
another number of values.
"""

from __future__ import annotations

import asyncio

from pydantic import JsonValue

from skillweave.agent.deps import Deps
from skillweave.agent.nodes.retrieve import POOL, fits, queries_of, search, usable
from skillweave.agent.plan import Literal, Plan, Step
from skillweave.agent.spelled import spare_words
from skillweave.skills.model import Skill
from skillweave.store.ranking import Hit

MISFIT = 0.7
"""What is left of the relevance of a skill that takes another number of values."""


async def matches(plan: Plan, deps: Deps) -> list[float]:
    """For every step the relevance of the best skill that fits, less where it takes another number of
    values; 0 where none fits."""
    return list(await asyncio.gather(*(_match(step, deps) for step in plan.steps)))


async def _match(step: Step, deps: Deps) -> float:
    return max(
        (
            hit.relevance * (1.0 if takes(hit.skill, step) else MISFIT)
            for hit in await _fitting(step, deps)
        ),
        default=0.0,
    )


async def best_skill(step: Step, deps: Deps) -> Skill | None:
    """The skill that would be tried first for a step, if any is near enough and takes its values."""
    hits = await _fitting(step, deps)
    return next((hit.skill for hit in hits if takes(hit.skill, step)), None)


async def _fitting(step: Step, deps: Deps) -> list[Hit]:
    hits = await search(queries_of(step), usable(deps), POOL, deps)
    texts = literals_of(step)
    return [hit for hit in hits if fits(hit, deps, texts)]


def literals_of(step: Step) -> list[JsonValue]:
    """The values of a step that stand in the request."""
    return [one.text for one in step.inputs if isinstance(one, Literal)]


def takes(skill: Skill, step: Step) -> bool:
    """Whether a skill can be given as many values as a step has; some words of its goal may be more of them.

    A list parameter takes any number of values.
    """
    values = len(step.inputs)
    if skill.signature is None:
        return values > 0
    parameters = skill.signature.parameters
    required = sum(p.required for p in parameters)
    if any(p.type == "array" for p in parameters):
        return values > 0
    spare = len(spare_words(step.goal, literals_of(step), skill.signature))
    return required <= values + spare and values <= len(parameters)

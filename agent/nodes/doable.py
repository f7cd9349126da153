"""How much of a plan the library could do: it tells which of two readings of a request is better.

A goal that stops too early, or runs on into the next one, resembles no skill, or only skills that take
another number of values.
"""

from __future__ import annotations

import asyncio

from skillweave.agent.deps import Deps
from skillweave.agent.nodes.retrieve import POOL, fits, queries_of, search, usable
from skillweave.agent.plan import Plan, Step
from skillweave.skills.model import Skill


async def undoable(plan: Plan, deps: Deps) -> int:
    """Number of steps for which the library has no skill that fits and takes as many values."""
    done = await asyncio.gather(*(_doable(step, deps) for step in plan.steps))
    return done.count(False)


async def _doable(step: Step, deps: Deps) -> bool:
    hits = await search(queries_of(step), usable(deps), POOL, deps)
    return any(fits(hit, deps) and takes(hit.skill, len(step.inputs)) for hit in hits)


def takes(skill: Skill, values: int) -> bool:
    """Whether a skill can be given so many values. A list parameter takes any number of them."""
    if skill.signature is None:
        return values > 0
    parameters = skill.signature.parameters
    required = sum(p.required for p in parameters)
    if any(p.type == "array" for p in parameters):
        return values > 0
    return required <= values <= len(parameters)

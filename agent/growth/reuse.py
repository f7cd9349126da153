"""A plan that has been compiled before runs as one step: its shape is found in the library."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from skillweave.agent.plan import Input, Literal, Plan, Ref, Step
from skillweave.agent.state import Folded
from skillweave.skills.model import Frozen, Skill

CHAIN = "skillweave-chain"
"""Metadata of a composite: what it computes, as a hash of its components and their wiring."""
SHAPE = "skillweave-shape"
"""Metadata of a composite: the goals it was made from, as a hash, without their values."""
THEN = ", then "


class Folding(Frozen):
    """A plan, and the steps in it that stand for several."""

    plan: Plan
    folded: tuple[Folded, ...] = ()


def fold(plan: Plan, skills: Sequence[Skill]) -> Folding:
    """Replace the parts of a plan that a composite among ``skills`` was compiled from."""
    composites = {s.metadata[SHAPE]: s for s in skills if SHAPE in s.metadata and s.signature}
    if not composites:
        return Folding(plan=plan)
    gone: set[int] = set()
    made: dict[int, Step] = {}
    folded: list[Folded] = []
    for step in reversed(plan.steps):
        part = part_of(plan, step)
        ids = {s.id for s in part}
        skill = composites.get(shape(part)) if len(part) > 1 and not ids & gone else None
        if skill is None or skill.signature is None or _used_elsewhere(plan, part):
            continue
        parameters = tuple(p.name for p in skill.signature.parameters)
        inputs = outer_inputs(part)
        if len(inputs) == len(parameters):
            gone |= ids
            made[step.id] = Step(id=step.id, goal=goal(part), inputs=inputs, expects=step.expects)
            folded.append(Folded(step=step.id, skill=skill.versioned_name, parameters=parameters))
    steps = tuple(made.get(s.id, s) for s in plan.steps if s.id not in gone or s.id in made)
    return Folding(plan=Plan(steps=steps), folded=tuple(folded))


def part_of(plan: Plan, last: Step) -> tuple[Step, ...]:
    """A step with all the steps of the plan that lead to it, in the plan's order."""
    wanted = {last.id}
    for step in reversed(plan.steps):
        if step.id in wanted:
            wanted |= step.needs
    return tuple(step for step in plan.steps if step.id in wanted)


def shape(part: Sequence[Step]) -> str:
    """A hash of the goals and of how results flow, whatever the values and the numbers are."""
    place = {step.id: index for index, step in enumerate(part)}
    rows = [
        [
            step.words("{}").casefold(),
            [place.get(i.step, -1) if isinstance(i, Ref) else -1 for i in step.inputs],
        ]
        for step in part
    ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def outer_inputs(part: Sequence[Step]) -> tuple[Input, ...]:
    """What comes from outside: values of the request, and results of steps outside the part."""
    own = {step.id for step in part}
    return tuple(
        value
        for step in part
        for value in step.inputs
        if isinstance(value, Literal) or value.step not in own
    )


def goal(part: Sequence[Step]) -> str:
    """One goal for all steps, with a slot for every outer input."""
    own = {step.id: index for index, step in enumerate(part)}
    told = []
    for index, step in enumerate(part):
        pieces = step.goal.split("{}")
        words = [pieces[0]]
        for value, piece in zip(step.inputs, pieces[1:], strict=True):
            inner = isinstance(value, Ref) and value.step in own
            words.append(_name(value, own, index) if inner else "{}")
            words.append(piece)
        told.append("".join(words).strip())
    return THEN.join(told)


def _name(value: Input, own: dict[int, int], index: int) -> str:
    if not isinstance(value, Ref) or own[value.step] == index - 1:
        return "the result"
    return f"result {own[value.step] + 1}"


def _used_elsewhere(plan: Plan, part: Sequence[Step]) -> bool:
    """Whether a step outside the part takes a result from inside it, other than the last."""
    ids = {step.id for step in part}
    inner = ids - {part[-1].id}
    return any(step.needs & inner for step in plan.steps if step.id not in ids)

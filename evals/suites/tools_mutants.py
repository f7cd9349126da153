"""A tool with one seeded fault that shows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from skillweave.agent.growth.calls import Calls
from skillweave.agent.growth.inputs import inputs_for
from skillweave.evals.gate_candidates import MIN_WRONG, POOL, TRIES
from skillweave.evals.gate_faults import CHANGES_VALUES, FAULTS, Base, Fault, faulty_sources
from skillweave.skills.model import Case, Skill

KINDS = tuple(fault for fault in FAULTS if fault != "shadows a neighbour")
"""A shadow is a fault of a skill's words, not of its code."""
ENDLESS = frozenset({"CpuLimit", "TimeLimit"})
"""A mutation that never ends is seen by everybody who runs it once, and is not seeded."""
LAST: Fault = "malicious"
"""Can be seeded in any tool."""


class Mutant(NamedTuple):
    """A fault and the source that has it."""

    fault: Fault
    source: str


def mutant_of(
    skill: Skill, source: str, own: Sequence[Case], calls: Calls, rng: random.Random
) -> Mutant:
    """A mutant of the first kind, in a random order, that can be seeded in this tool.

    Raises:
        ValueError: it takes none.
    """
    if skill.signature is None:
        raise ValueError(f"{skill.name} is no tool")
    base = Base(skill=skill, source=source, signature=skill.signature)
    kinds = rng.sample(KINDS, len(KINDS))
    for fault in [*(kind for kind in kinds if kind != LAST or kind == kinds[0]), LAST]:
        sources = faulty_sources(base, fault, 1, own, rng)
        for _, changed in zip(range(TRIES), sources, strict=False):
            if fault not in CHANGES_VALUES or wrong(base, changed, calls, rng) >= MIN_WRONG:
                return Mutant(fault, changed)
    raise ValueError(f"{skill.name} takes no fault")


def wrong(base: Base, changed: str, calls: Calls, rng: random.Random) -> float:
    """Share of inputs, its examples and others, on which it gives another value than before."""
    known = [case.arguments for case in base.skill.cases if case.raises is None]
    inputs = [*known, *inputs_for(base.signature, known, rng, POOL)]
    function = base.signature.function
    first = calls.once(changed, function, inputs[0]) if inputs else None
    if first is not None and first.error is not None and first.error.type in ENDLESS:
        return 0.0
    truth = calls.many(base.source, function, inputs)
    rows = calls.many(changed, function, inputs)
    told = [(a, b) for a, b in zip(truth, rows, strict=True) if not a.error]
    return sum(not a.same(b) for a, b in told) / len(told) if told else 0.0

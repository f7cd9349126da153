"""What every sound tool does, whatever it computes: checks that need no right answer.

Property tests in the manner of QuickCheck (Claessen and Hughes 2000) and metamorphic relations (Chen
et al. 1998): the same input gives the same value, alone and among others; arguments are not changed;
each argument matters; values have the declared type; inputs nobody wrote are computed or refused.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from skillweave.agent.growth.calls import Calls, Row
from skillweave.agent.growth.inputs import Arguments, inputs_for, others_for
from skillweave.agent.schema import problem
from skillweave.skills.cases import same_value
from skillweave.skills.model import Signature, Skill

GENERATED = 14
MIN_OTHERS = 5
"""So many valid changes of one argument without effect mean that it is ignored."""
MIN_SPREAD = 8
MAX_CRASHES = 0.25
LEAK = 2.5
"""Bytes per call; what saturates is not growth."""
CRASHES = frozenset(
    "AssertionError AttributeError IndexError NameError RecursionError UnboundLocalError NotJSON"
    " BadResult Crashed CpuLimit TimeLimit MemoryError NoResult OutputLimit ResultLimit".split()
)
"""Failures that say the code is at fault, and not what it was given."""


def broken_property(skill: Skill, source: str, calls: Calls, seed: int) -> str:
    """The first property that does not hold, in one line; empty when all do.

    A slow tool is tried on fewer inputs, and neither for leaks nor for arguments it ignores.
    """
    signature = skill.signature
    if signature is None:
        return ""
    rng = random.Random(seed)
    known = known_inputs(skill)
    made = inputs_for(signature, known, rng, GENERATED)
    inputs = [*known, *made]
    if not inputs:
        return ""
    function = signature.function
    inputs = list(calls.affordable(inputs))
    rows = calls.many(source, function, inputs)
    again = calls.many(source, function, inputs[::-1])[::-1]
    made_rows = rows[len(known) :]
    found = (
        _unstable(inputs, rows, again)
        or _mistyped(signature, inputs, rows)
        or _mutating(inputs, rows)
        or _crashing(made, made_rows)
        or _flat(rows, made_rows)
    )
    if found or calls.slow:
        return found
    return _leaking(calls, source, function, inputs, rows) or _ignoring(
        signature, source, calls, inputs, rows, rng
    )


def known_inputs(skill: Skill) -> list[Arguments]:
    """The inputs of the skill's own cases that give a value."""
    return [case.arguments for case in skill.cases if case.raises is None][:12]


def _unstable(inputs: Sequence[Arguments], rows: Sequence[Row], again: Sequence[Row]) -> str:
    for arguments, row, other in zip(inputs, rows, again, strict=True):
        if not row.same(other):
            return f"the same input gives two values: {_shown(arguments)}"
    return ""


def _mistyped(signature: Signature, inputs: Sequence[Arguments], rows: Sequence[Row]) -> str:
    for arguments, row in zip(inputs, rows, strict=True):
        wrong = "" if row.error else problem(row.value, signature.returns)
        if wrong:
            return f"{wrong}, with {_shown(arguments)}"
    return ""


def _mutating(inputs: Sequence[Arguments], rows: Sequence[Row]) -> str:
    for arguments, row in zip(inputs, rows, strict=True):
        if row.mutated:
            return f"it changes what it is given: {_shown(arguments)}"
    return ""


def _crashing(inputs: Sequence[Arguments], rows: Sequence[Row]) -> str:
    crashed = [n for n, row in enumerate(rows) if row.error in CRASHES]
    if len(crashed) > max(1, MAX_CRASHES * len(rows)):
        first = crashed[0]
        return f"it fails with {rows[first].error} on {_shown(inputs[first])}"
    return ""


def _flat(rows: Sequence[Row], made: Sequence[Row]) -> str:
    """The same value for every input but its own: it knows its cases and nothing else."""
    own = [row.value for row in rows[: len(rows) - len(made)] if not row.error]
    new = [row.value for row in made if not row.error]
    if len(new) < MIN_SPREAD or any(isinstance(value, bool) for value in new):
        return ""
    if all(same_value(new[0], value) for value in new) and not all(
        same_value(new[0], value) for value in own
    ):
        return f"it gives {new[0]!r} for every input but those of its own cases"
    return ""


def _leaking(
    calls: Calls, source: str, function: str, inputs: Sequence[Arguments], rows: Sequence[Row]
) -> str:
    good = [one for one, row in zip(inputs, rows, strict=True) if not row.error][:3]
    grown = calls.growth(source, function, good) if good else 0.0
    return f"it keeps {grown:.0f} bytes of every call" if grown >= LEAK else ""


def _ignoring(
    signature: Signature,
    source: str,
    calls: Calls,
    inputs: Sequence[Arguments],
    rows: Sequence[Row],
    rng: random.Random,
) -> str:
    """Change one argument at a time; a refusal shows too that it was looked at."""
    known = dict(zip(range(len(inputs)), inputs, strict=True))
    bases = [n for n, row in enumerate(rows) if not row.error][:4]
    for parameter in signature.parameters if len(signature.parameters) > 1 else ():
        changed: list[Arguments] = []
        before: list[Row] = []
        for n in bases:
            others = others_for(parameter.name, known[n], signature, inputs, rng)
            rng.shuffle(others)
            changed += others[:6]
            before += [rows[n]] * len(others[:6])
        after = calls.many(source, signature.function, changed)
        if len(after) >= MIN_OTHERS and all(a.same(b) for a, b in zip(after, before, strict=True)):
            return f"{parameter.name} makes no difference in {len(after)} tries"
    return ""


def _shown(arguments: Arguments) -> str:
    text = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return text if len(text) <= 120 else f"{text[:117]}..."

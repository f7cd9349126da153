"""Other skills as judges: does one that claims the same agree, does an inverse lead back?

Differential testing (McKeeman 1998). Full agreement on inputs that nobody chose means that the
candidate is a duplicate; agreement on most of them, under the same claim, that one of both is wrong.
Which one, held-out requests say where there are any: another skill that fails one of them does not do
what the candidate is asked for, however alike their descriptions are (pad left, pad right).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from pydantic import JsonValue

from skillweave.agent.coerce import CoercionError, coerce_arguments
from skillweave.agent.deps import IN_USE, tool_source
from skillweave.agent.growth.calls import Calls, Row
from skillweave.agent.growth.inputs import Arguments, fits, inputs_for
from skillweave.agent.growth.properties import known_inputs
from skillweave.agent.growth.verdict import Candidate
from skillweave.agent.nodes.verify import INVERSE
from skillweave.skills.cases import same_value
from skillweave.skills.model import Frozen, Signature
from skillweave.store.library import Library
from skillweave.store.ranking import Hit

RIVALS = 5
INPUTS = 12
MIN_INPUTS = 6
"""Inputs that tell: both gave a value, and not always the same one."""
MIN_SPREAD = 3
"""So many of them must not give the usual value: any two tests say no to most inputs."""
CLAIM = 0.9
"""Cosine from which two descriptions claim the same."""
MOSTLY = 0.6


class Rival(Frozen):
    """A skill that may do the same, and how far it does."""

    name: str
    claim: float
    """Cosine between the candidate's description and its nearest view."""
    agreed: int
    told: int
    spread: int = 0
    """Inputs on which it gives another value than its most frequent one."""
    difference: str = ""
    """The first input on which they differ."""
    unfit: bool = False
    """It gives another value than a held-out request wants."""

    @property
    def twin(self) -> bool:
        enough = self.told >= MIN_INPUTS and self.spread >= MIN_SPREAD
        return enough and self.agreed == self.told

    @property
    def contradicts(self) -> bool:
        """It claims the same and does it mostly."""
        return (
            self.told >= MIN_INPUTS
            and self.claim >= CLAIM
            and not self.unfit
            and MOSTLY * self.told <= self.agreed < self.told
        )


def rivals_of(
    candidate: Candidate, library: Library, calls: Calls, seed: int, without: Collection[str] = ()
) -> list[Rival]:
    """The nearest tools of the library that take the same values, compared on generated inputs."""
    skill, signature = candidate.skill, candidate.skill.signature
    if signature is None:
        return []
    hits = library.search(skill.description, kinds={"tool"}, k=RIVALS + len(without))
    near = [h for h in hits if h.skill.name not in without and h.skill.name != skill.name]
    inputs: list[Arguments] = list(known_inputs(skill))
    inputs += inputs_for(signature, inputs, random.Random(seed), INPUTS)
    wanted = {len(inputs) + n: task.expected for n, task in enumerate(candidate.tasks)}
    inputs += [task.arguments for task in candidate.tasks]
    inputs = list(calls.affordable(inputs))
    rows: list[Row] = []
    found = []
    for hit in near[:RIVALS]:
        other = hit.skill.signature
        if other is None or not _alike(signature, other):
            continue
        rows = rows or calls.many(candidate.source, signature.function, inputs)
        found.append(_compared(hit, other, signature, inputs, rows, wanted, calls))
    return found


def broken_inverse(
    candidate: Candidate, library: Library, calls: Calls, seed: int, without: Collection[str] = ()
) -> str:
    """The first value from which the declared inverse does not lead back; empty when all lead back."""
    skill, signature = candidate.skill, candidate.skill.signature
    tools = {one.name: one for one in library.list(kinds={"tool"}, states=IN_USE)}
    inverse = tools.get(skill.metadata.get(INVERSE, ""))
    if signature is None or inverse is None or inverse.name in without:
        return ""
    back = inverse.signature
    if back is None or not back.parameters or not signature.parameters:
        return ""
    subject = signature.parameters[0].name
    inputs: list[Arguments] = list(known_inputs(skill))
    inputs += inputs_for(signature, inputs, random.Random(seed), INPUTS)
    inputs = list(calls.affordable(inputs))
    rows = calls.many(candidate.source, signature.function, inputs)
    wrong, led = "", 0
    for arguments, row in zip(inputs, rows, strict=True):
        given: dict[str, JsonValue] = {back.parameters[0].name: row.value}
        given |= {p.name: arguments[p.name] for p in back.parameters[1:] if p.name in arguments}
        if row.error or subject not in arguments:
            continue
        try:
            outcome = calls.once(tool_source(inverse), back.function, coerce_arguments(given, back))
        except CoercionError:
            continue
        if outcome.ok and same_value(outcome.value, arguments[subject]):
            led += 1
        elif outcome.ok:
            wrong = wrong or f"{inverse.name} does not lead back to {arguments[subject]!r}"
    # An inverse that forgets something (case, spaces) leads back from some values only.
    return wrong if led * 2 < len(rows) else ""


def _compared(
    hit: Hit,
    other: Signature,
    signature: Signature,
    inputs: Sequence[Arguments],
    rows: Sequence[Row],
    wanted: Mapping[int, JsonValue],
    calls: Calls,
) -> Rival:
    """One rival on all inputs; what some of them should give is known (``wanted``)."""
    rival = hit.skill
    renamed = [_renamed(one, signature, other) for one in inputs]
    usable = [n for n, one in enumerate(renamed) if fits(one, other)]
    theirs = calls.many(tool_source(rival), other.function, [renamed[n] for n in usable])
    pairs = [(n, rows[n], b) for n, b in zip(usable, theirs, strict=True)]
    told = [(n, a, b) for n, a, b in pairs if not (a.error and b.error)]
    values = Counter(repr(b.value) for _, _, b in told if not b.error)
    differ = [n for n, a, b in told if not a.same(b)]
    enough = len(values) > 1
    return Rival(
        name=rival.name,
        claim=hit.dense,
        agreed=len(told) - len(differ) if enough else 0,
        told=len(told) if enough else 0,
        spread=values.total() - max(values.values(), default=0),
        difference=repr(dict(inputs[differ[0]]))[:120] if differ else "",
        unfit=any(n in wanted and not _gives(wanted[n], b) for n, _, b in pairs),
    )


def _gives(wanted: JsonValue, row: Row) -> bool:
    return not row.error and same_value(wanted, row.value)


def _alike(one: Signature, other: Signature) -> bool:
    """The same kinds of values in the same order, so that the inputs of one can go to the other."""
    return [p.type for p in one.parameters] == [p.type for p in other.parameters]


def _renamed(arguments: Arguments, one: Signature, other: Signature) -> Arguments:
    names = {a.name: b.name for a, b in zip(one.parameters, other.parameters, strict=True)}
    return {names[name]: value for name, value in arguments.items()}

"""Candidates of known quality, made from the built-in tools: half sound, half with one seeded fault.

The tools are split in two halves by name: the gate was developed on the candidates of one half with
one variant of every fault, and is reported on the other half with the other variants.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Literal
from zlib import crc32

from skillweave.agent.deps import tool_source
from skillweave.agent.growth.calls import Calls
from skillweave.agent.growth.inputs import Arguments, inputs_for
from skillweave.agent.growth.verdict import Candidate, Task
from skillweave.evals.gate_faults import (
    CHANGES_VALUES,
    FAULTS,
    Base,
    Fault,
    Variant,
    faulty_sources,
    poisoned,
    shadow,
)
from skillweave.evals.gate_source import paraphrased, reworded
from skillweave.skills.model import Case, Frozen, Skill
from skillweave.skills.signature import signature_of
from skillweave.store.library import Library

Half = Literal["develop", "report"]
TASKS = 30
"""Held-out requests of a candidate: a fault that shows on one input in ten passes thirty of them in 4 % of
cases, and twelve in 28 %."""
POOL = 40
MIN_WRONG = 0.1
"""Share of fresh inputs on which a fault of value must show, so that its quality is known."""
TRIES = 12


class Known(Frozen):
    """A candidate and what it is."""

    candidate: Candidate
    base: str
    """The built-in tool it was made from."""
    number: int
    fault: Fault | None = None
    self_written_cases: bool = False
    """The author's cases hold what the code gives, right or wrong."""
    wrong: float = 0.0
    """Share of fresh inputs on which it gives another value than its base."""

    @property
    def name(self) -> str:
        """Tells candidates of one skill apart."""
        return f"{self.candidate.skill.name} {self.number} {self.fault or 'sound'}"


def bases_of(library: Library, half: Half) -> list[Base]:
    """The tools of one half that can be called with the values of at least two of their cases."""
    found = []
    for skill in library.list(kinds={"tool"}):
        mine: Half = "develop" if crc32(skill.name.encode()) % 2 else "report"
        good = [case for case in skill.cases if case.raises is None]
        if mine == half and skill.signature is not None and len(good) >= 2 and skill.requests:
            found.append(Base(skill=skill, source=tool_source(skill), signature=skill.signature))
    return found


class Maker:
    """Makes candidates; `calls` tells what tools give."""

    def __init__(self, library: Library, calls: Calls, half: Half, seed: int) -> None:
        self._library, self._calls = library, calls
        self._rng = random.Random(f"{seed} {half}")
        self._variant: Variant = 0 if half == "develop" else 1
        self.bases = bases_of(library, half)

    def make(self, number: int) -> Iterator[Known]:
        """``number`` sound ones and as many faulty ones, the faults in equal parts."""
        sound = self._rng.sample(self.bases, len(self.bases))
        yield from (self._sound(sound[n % len(sound)], n) for n in range(number))
        left = self._rng.sample(self.bases, len(self.bases))
        for n in range(number):
            fault = FAULTS[n % len(FAULTS)]
            known = next(
                (made for base in left if (made := self._faulty(base, fault, n)) is not None), None
            )
            if known is None:
                raise ValueError(f"no tool is left to seed {fault!r} in")
            left = [base for base in left if base.skill.name != known.base]
            if len(left) < len(self.bases) // 4:
                left = self._rng.sample(self.bases, len(self.bases))
            yield known

    def _sound(self, base: Base, number: int) -> Known:
        """Every other one paraphrased, the rest as the built-in tool is."""
        own, requests, held = self._split(base)
        skill, source = base.skill, base.source
        if number % 2:
            name = f"{skill.name[:50]}-again"
            function = name.replace("-", "_")
            source = paraphrased(source, base.signature.function, function, self._rng)
            skill = skill.model_copy(
                update={"name": name, "description": reworded(skill.description)}
            )
            skill = skill.model_copy(update={"signature": signature_of(source, function)})
        return Known(candidate=self._candidate(base, skill, source, own, requests, held),
                     base=base.skill.name, number=number)  # fmt: skip

    def _faulty(self, base: Base, fault: Fault, number: int) -> Known | None:
        own, requests, held = self._split(base)
        skill = base.skill
        if fault == "shadows a neighbour":
            hits = self._library.search(skill.description, kinds={"tool"}, k=4)
            near = [hit.skill for hit in hits if hit.skill.name != skill.name]
            skill = shadow(skill.model_copy(update={"requests": requests}), near, self._variant)
            requests = skill.requests
        if fault == "malicious" and number // len(FAULTS) % 2:
            skill = poisoned(skill, self._variant, self._rng)
            candidate = self._candidate(base, skill, base.source, own, requests, held)
            return Known(candidate=candidate, base=skill.name, number=number, fault=fault)
        sources = faulty_sources(base, fault, self._variant, own, self._rng)
        for _, source in zip(range(TRIES), sources, strict=False):
            wrong = self._wrong(base, source)
            if fault in CHANGES_VALUES and wrong < MIN_WRONG:
                continue
            mine = number // len(FAULTS) % 2 == 0 and fault in CHANGES_VALUES
            mine = mine and fault != "overfits its cases"
            cases = self._as_given(source, base, own) if mine else own
            candidate = self._candidate(base, skill, source, cases, requests, held)
            return Known(candidate=candidate, base=base.skill.name, number=number, fault=fault,
                         self_written_cases=mine, wrong=wrong)  # fmt: skip
        return None

    def _split(self, base: Base) -> tuple[tuple[Case, ...], tuple[str, ...], list[Case]]:
        """What the author knows, and what it does not: cases and requests in halves."""
        cases = [case for case in base.skill.cases if case.raises is None]
        cases = self._rng.sample(cases, len(cases))
        middle = (len(cases) + 1) // 2
        told = {id(case) for case in cases[:middle]}
        refusing = tuple(case for case in base.skill.cases if case.raises is not None)
        own = tuple(case for case in base.skill.cases if id(case) in told) + refusing
        requests = base.skill.requests[::2]
        return own, requests, cases[middle:]

    def _candidate(
        self,
        base: Base,
        skill: Skill,
        source: str,
        own: Sequence[Case],
        requests: Sequence[str],
        held: Sequence[Case],
    ) -> Candidate:
        digest = f"{crc32(source.encode()):08x}{crc32(skill.name.encode()):08x}"
        update = {"cases": tuple(own), "requests": tuple(requests), "digest": digest, "path": None}
        skill = skill.model_copy(update=update)
        tasks = self._tasks(base, held)
        return Candidate(skill=skill, source=source, author="write", tasks=tasks)

    def _tasks(self, base: Base, held: Sequence[Case]) -> tuple[Task, ...]:
        """Requests that the author does not have, with answers of the built-in tool."""
        asked = base.skill.requests[1::2] or base.skill.requests
        known = [case.arguments for case in base.skill.cases if case.raises is None]
        fresh = inputs_for(base.signature, known, self._rng, 3 * TASKS)
        inputs: list[Arguments] = [*(case.arguments for case in held), *fresh]
        rows = self._calls.many(base.source, base.signature.function, inputs)
        right = [(one, row) for one, row in zip(inputs, rows, strict=True) if not row.error]
        return tuple(
            Task(request=asked[n % len(asked)], arguments=one, expected=row.value)
            for n, (one, row) in enumerate(right[:TASKS])
        )

    def _wrong(self, base: Base, source: str) -> float:
        """On fresh inputs, by another seed than that of the held-out ones."""
        known = [case.arguments for case in base.skill.cases if case.raises is None]
        inputs = inputs_for(base.signature, known, random.Random(base.skill.name), POOL)
        function = base.signature.function
        truth = self._calls.many(base.source, function, inputs)
        rows = self._calls.many(source, function, inputs)
        told = [(a, b) for a, b in zip(truth, rows, strict=True) if not a.error]
        return sum(not a.same(b) for a, b in told) / len(told) if told else 0.0

    def _as_given(self, source: str, base: Base, own: Sequence[Case]) -> tuple[Case, ...]:
        inputs = [case.arguments for case in own if case.raises is None]
        rows = self._calls.many(source, base.signature.function, inputs)
        return tuple(
            Case(arguments=one, expected=row.value)
            for one, row in zip(inputs, rows, strict=True)
            if not row.error
        )

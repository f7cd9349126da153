"""Import and verify: a third-party collection of tools before the library's own gate, with seeded mutants.

``SKILLWEAVE_TOOLS`` names the collection, a CSV or JSONL file (`tools_collection` says what is in it);
nothing of it is executed but in the sandbox. Every tool comes as it is, and twice more with one seeded
fault (`skillweave.evals.gate_faults`, in the variants that the gate was not developed on); a mutation
that changes nothing is not one, and another is tried in its place. Half of the example calls are the
author's own cases, the other half is kept for the judge. A tool is right when it is admitted, a mutant
when it is not. A tool of which the library has the like is to be merged, and counts as not admitted.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from skillweave.agent.growth.calls import Calls
from skillweave.agent.growth.gate import Gate
from skillweave.agent.growth.verdict import Candidate, StageName, Task
from skillweave.agent.handle import ModelHandle
from skillweave.agent.profiles.base import Profile
from skillweave.agent.profiles.scripted import ScriptedProfile
from skillweave.agent.result import Result
from skillweave.agent.scripted import ScriptedModel
from skillweave.evals.gate_faults import Fault
from skillweave.evals.record import Record
from skillweave.evals.sources import DataMissingError, file_hash
from skillweave.evals.suite import Arm, Loaded, Opening, Sample, Score, Solving, Suite, Table
from skillweave.evals.suites.tools_collection import Imported, read_collection
from skillweave.evals.suites.tools_mutants import mutant_of
from skillweave.skills.cases import Runner, same_value
from skillweave.skills.errors import UserError
from skillweave.skills.model import Case, Frozen, Skill
from skillweave.skills.sandbox import Sandbox
from skillweave.store.embed import Embedder, MiniLMEmbedder

VARIABLE = "SKILLWEAVE_TOOLS"
MUTANTS = 2
TOOL, MUTANT = "as it came", "with a seeded fault"
Decision = Literal["admitted", "merge", "refused"]


class Judged(Frozen):
    """What became of a tool."""

    decision: Decision
    stage: StageName | Literal["import", "cases alone"] | None = None
    """What refused it."""
    reason: str = ""
    fault: Fault | None = None
    """What is wrong with it, where that was seeded."""


_JUDGED = TypeAdapter(Judged)


def load(_: Path | None) -> Loaded:
    """The collection's rows, each with its mutants.

    Raises:
        DataMissingError: no collection is named.
        UserError: it cannot be read.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        raise DataMissingError(
            f"no collection of tools is named; {VARIABLE}=FILE names a CSV or JSONL"
        )
    path = Path(named).expanduser()
    if not path.is_file():
        raise UserError(f"{path}: there is no such collection of tools")
    samples = []
    for one in read_collection(path):
        name = one.skill.name if one.skill else "unreadable"
        base = f"{one.row:04}-{name}"
        samples.append(_sample(base, one, TOOL))
        for number in range(1, MUTANTS + 1) if one.skill else ():
            samples.append(_sample(f"{base}-mutant-{number}", one, MUTANT))
    return Loaded(samples=tuple(samples), files={path.name: file_hash(path)})


def solve(solving: Solving) -> Result:
    """Judge one tool, or one mutant of it."""
    sample = solving.sample
    one = Imported.model_validate(sample.expected)
    if one.skill is None:
        judged = Judged(decision="refused", stage="import", reason=one.why)
    elif solving.sandbox is not None:
        judged = judge(solving, solving.sandbox, one.skill, one.source)
    else:
        with Sandbox.open(workers=1) as sandbox:
            judged = judge(solving, sandbox, one.skill, one.source)
    return Result(
        run=solving.run,
        task=sample.request,
        outcome="solved",
        answer=f"{judged.decision}: {judged.reason}",
        value=judged.model_dump(mode="json"),
    )


def judge(
    solving: Solving, sandbox: Runner, skill: Skill, source: str, embedder: Embedder | None = None
) -> Judged:
    """By the whole gate, by the gate without what its author does not know, or by its cases alone."""
    sample, arm = solving.sample, solving.arm.name
    own, held = halves(skill.cases, random.Random(f"{solving.seed} {skill.name}"))
    fault: Fault | None = None
    if sample.family == MUTANT:
        rng = random.Random(f"{solving.seed} {sample.id}")
        fault, source = mutant_of(skill, source, own, Calls(sandbox), rng)
    skill = skill.model_copy(update={"cases": own})
    if arm == "cases":
        return _by_cases(sandbox, skill, source, fault)
    candidate = Candidate(
        skill=skill,
        source=source,
        author="import",
        tasks=_tasks(skill, held) if arm == "gate" else (),
    )
    gate = Gate(solving.library, sandbox, embedder=embedder or _embedder(), seed=solving.seed)
    verdict = gate.judge(candidate)
    refusing = next((f.stage for f in verdict.findings if f.binding and not f.ok), None)
    decision: Decision = "admitted"
    if verdict.decision in ("merge", "refused"):
        decision = "merge" if verdict.decision == "merge" else "refused"
    return Judged(decision=decision, stage=refusing, reason=verdict.reason[:300], fault=fault)


def halves(cases: Sequence[Case], rng: random.Random) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    """The author's cases, and those kept for the judge."""
    mixed = rng.sample(list(cases), len(cases))
    middle = (len(mixed) + 1) // 2
    return tuple(mixed[:middle]), tuple(mixed[middle:])


def score(sample: Sample, result: Result) -> Score:
    """1 for a tool that is admitted, and for a mutant that is not."""
    judged = _JUDGED.validate_python(result.value)
    right = (judged.decision == "admitted") == (sample.family == TOOL)
    return Score(
        value=float(right), note=f"{judged.stage or judged.decision}: {judged.reason}"[:300]
    )


def tables(records: Sequence[Record]) -> tuple[Table, ...]:
    """What became of tools and mutants, and what refused them."""
    rows: list[tuple[str | int | float | None, ...]] = []
    kinds: list[tuple[str | int | float | None, ...]] = []
    for arm in dict.fromkeys(record.arm for record in records):
        own = [(r, _JUDGED.validate_python(r.value)) for r in records if r.arm == arm and r.value]
        for family in (TOOL, MUTANT):
            told = [judged for record, judged in own if record.family == family]
            count = Counter(judged.decision for judged in told)
            by = Counter(j.stage for j in told if j.decision == "refused")
            stages = ", ".join(f"{stage} {n}" for stage, n in by.most_common())
            rows.append(
                (
                    arm,
                    family,
                    len(told),
                    count["admitted"],
                    count["merge"],
                    count["refused"],
                    stages,
                )
            )
        for fault in sorted({judged.fault for _, judged in own if judged.fault}):
            told = [judged for _, judged in own if judged.fault == fault]
            out = sum(judged.decision != "admitted" for judged in told)
            kinds.append((arm, fault, len(told), out))
    columns = ("arm", "what", "count", "admitted", "to be merged", "refused", "refused by")
    return (
        Table(title="What became of the collection", note="", columns=columns, rows=tuple(rows)),
        Table(
            title="Seeded faults",
            note="Kept out: refused, or proposed for a merge only.",
            columns=("arm", "fault", "mutants", "kept out"),
            rows=tuple(kinds),
        ),
    )


def _by_cases(sandbox: Runner, skill: Skill, source: str, fault: Fault | None) -> Judged:
    function = skill.signature.function if skill.signature else ""
    for number, case in enumerate(skill.cases, 1):
        outcome = sandbox.run(source, function, case.arguments)
        failure = outcome.error.type if outcome.error else None
        if failure != case.raises or not (failure or same_value(case.expected, outcome.value)):
            reason = f"case {number} does not hold"
            return Judged(decision="refused", stage="cases alone", reason=reason, fault=fault)
    return Judged(decision="admitted", fault=fault)


def _tasks(skill: Skill, held: Sequence[Case]) -> tuple[Task, ...]:
    told = [case for case in held if case.raises is None]
    return tuple(
        Task(request=skill.description, arguments=one.arguments, expected=one.expected)
        for one in told
    )


def _sample(name: str, one: Imported, family: str) -> Sample:
    about = one.skill.description if one.skill else one.why
    return Sample(
        id=name,
        request=f"import {name}: {about}"[:300],
        family=family,
        expected=one.model_dump(mode="json"),
        right=(),
    )


def opens(_: Opening) -> tuple[ModelHandle, Profile]:
    """No model has a part in this, so that none is started."""
    return ScriptedModel((), name="none"), ScriptedProfile()


@cache
def _embedder() -> Embedder:
    return MiniLMEmbedder()


IMPORTS = Suite(
    name="imports",
    about="a third-party collection of tools before the gate: what is admitted, which mutants are kept out",
    arms=(
        Arm(name="gate", about="the library's gate; half of the examples are kept for it"),
        Arm(name="blind", about="the gate where no examples are kept back"),
        Arm(name="cases", about="no gate: a tool comes in when its author's cases hold"),
    ),
    load=load,
    score=score,
    reference="gate",
    tables=tables,
    solve=solve,
    opens=opens,
)

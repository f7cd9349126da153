"""The gate matters: what it refuses and admits of candidates of known quality, and what a stream gains.

Thresholds of the gate were chosen on the half ``develop`` (its tools, its variant of every fault); the
figures that count are those of the half ``report``: other tools, other variants, another seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Literal

from skillweave.agent.growth.calls import Calls
from skillweave.agent.growth.gate import Gate
from skillweave.agent.growth.verdict import STAGES, Finding, StageName, Verdict
from skillweave.agent.nano.score import wilson
from skillweave.evals.gate_candidates import Half, Known, Maker
from skillweave.evals.gate_faults import FAULTS, Fault
from skillweave.evals.gate_stream import StreamFigures, run_stream
from skillweave.evals.machine import Machine
from skillweave.skills.cases import Runner
from skillweave.skills.model import Frozen
from skillweave.store.library import Library

GOAL = 0.95
HELD_OUT: frozenset[StageName] = frozenset({"held-out", "benefit"})
OnJudged = Callable[[str], None]


class Share(Frozen):
    """A count with its 95 % Wilson interval."""

    count: int
    of: int
    share: float
    low: float
    high: float


class StageShare(Frozen):
    """What one stage does to the faulty and the sound."""

    stage: StageName
    first: Share
    """Faulty candidates that it is the first to refuse."""
    alone: Share
    """Faulty candidates that it refuses, whatever the others say."""
    only: Share
    """Faulty candidates that no other stage refuses."""
    sound_refused: Share
    calls: float
    """Median runs of tools."""


class FaultShare(Frozen):
    """What becomes of one kind of fault."""

    fault: Fault
    kept_out: Share
    caught_by: dict[StageName, int]
    """Candidates by the stages that refuse them; one may count for several."""


class Judged(Frozen):
    """One candidate and what became of it."""

    name: str
    base: str
    fault: Fault | None
    self_written_cases: bool
    wrong: float
    """Share of fresh inputs on which it is wrong."""
    decision: Literal["refused", "merge", "approval", "probation"]
    reason: str
    refused_by: tuple[StageName, ...]
    calls: int
    """Runs of tools until the answer was clear."""
    all_calls: int
    planned_calls: int


class Round(Frozen):
    """One half."""

    half: Half
    seed: int
    sound_admitted: Share
    faulty_kept_out: Share
    faulty_merged: int
    """Of those kept out: taken for a duplicate, so that only a merge is proposed."""
    without_held_out: dict[Literal["sound_admitted", "faulty_kept_out"], Share]
    """The same gate where there are no held-out requests."""
    own_cases_only: Share
    """Faulty candidates that the author's own cases refuse."""
    stages: tuple[StageShare, ...]
    faults: tuple[FaultShare, ...]
    calls: float
    """Median runs of tools up to the clear answer."""
    all_calls: float
    planned_calls: float
    candidates: tuple[Judged, ...]


class GateFigures(Frozen):
    """Everything, with how it was made."""

    command: str
    made: str
    machine: Machine
    goal: float = GOAL
    met: bool
    develop: Round
    report: Round
    twins_merged: Share
    """Sound copies of skills that the library has: a merge is the right proposal."""
    stream: StreamFigures


def run_gate(
    library: Library,
    runner: Runner,
    *,
    number: int,
    seed: int,
    machine: Machine,
    command: str,
    on_judged: OnJudged,
) -> GateFigures:
    """Both halves, ``number`` sound and ``number`` faulty candidates each, then twins and stream."""
    calls = Calls(runner)
    develop = _round(library, runner, Maker(library, calls, "develop", seed), number, on_judged)
    maker = Maker(library, calls, "report", seed + 1)
    report = _round(library, runner, maker, number, on_judged)
    gate = Gate(library, runner, seed=seed)
    twins = [known for known in report.known if known.fault is None][:40]
    merged = 0
    for known in twins:
        name = f"{known.candidate.skill.name[:50]}-twin"
        skill = known.candidate.skill.model_copy(update={"name": name, "requests": ()})
        twin = known.candidate.model_copy(update={"skill": skill, "tasks": ()})
        merged += gate.judge(twin).decision == "merge"
        on_judged(f"twin of {known.base}")
    admitted = {j.name for j in report.judged if j.decision in ("approval", "probation")}
    stream = run_stream(library, calls, maker, report.known, admitted, seed + 2)
    figures = report.figures("report", seed + 1)
    met = min(figures.sound_admitted.share, figures.faulty_kept_out.share) >= GOAL
    return GateFigures(
        command=command,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine,
        met=met,
        develop=develop.figures("develop", seed),
        report=figures,
        twins_merged=share(merged, len(twins)),
        stream=stream,
    )


def share(count: int, of: int) -> Share:
    """With its interval.

    >>> share(95, 100).share
    0.95
    """
    low, high = wilson(count, of) if of else (0.0, 1.0)
    value = count / of if of else 0.0
    return Share(count=count, of=of, share=round(value, 4), low=round(low, 4), high=round(high, 4))


class Judgements(Frozen):
    """The raw result of one half."""

    known: tuple[Known, ...]
    verdicts: tuple[Verdict, ...]
    judged: tuple[Judged, ...]

    def figures(self, half: Half, seed: int) -> Round:
        """The shares."""
        pairs = list(zip(self.known, self.verdicts, strict=True))
        sound = [v for k, v in pairs if k.fault is None]
        faulty = [v for k, v in pairs if k.fault is not None]
        return Round(
            half=half,
            seed=seed,
            sound_admitted=share(sum(admitted(v.findings) for v in sound), len(sound)),
            faulty_kept_out=share(sum(not admitted(v.findings) for v in faulty), len(faulty)),
            faulty_merged=sum(v.decision == "merge" for v in faulty),
            without_held_out={
                "sound_admitted": share(sum(map(_blind, sound)), len(sound)),
                "faulty_kept_out": share(sum(not _blind(v) for v in faulty), len(faulty)),
            },
            own_cases_only=share(sum("cases" in refusing(v) for v in faulty), len(faulty)),
            stages=tuple(_stage(name, sound, faulty) for name in STAGES),
            faults=tuple(_fault(f, [v for k, v in pairs if k.fault == f]) for f in FAULTS),
            calls=median(j.calls for j in self.judged),
            all_calls=median(j.all_calls for j in self.judged),
            planned_calls=median(j.planned_calls for j in self.judged),
            candidates=self.judged,
        )


def admitted(findings: Sequence[Finding]) -> bool:
    """Nothing refuses it, and it is no duplicate."""
    return all(one.ok and not one.twin for one in findings)


def refusing(verdict: Verdict) -> tuple[StageName, ...]:
    """The stages that refuse it."""
    return tuple(one.stage for one in verdict.findings if not one.ok)


def _blind(verdict: Verdict) -> bool:
    return admitted([one for one in verdict.findings if one.stage not in HELD_OUT])


def _round(
    library: Library, runner: Runner, maker: Maker, number: int, on_judged: OnJudged
) -> Judgements:
    gate = Gate(library, runner, thorough=True)
    known, verdicts, judged = [], [], []
    for one in maker.make(number):
        verdict = gate.judge(one.candidate, without={one.base})
        known.append(one)
        verdicts.append(verdict)
        judged.append(_judged(one, verdict))
        on_judged(f"{verdict.decision} {one.candidate.skill.name}")
    return Judgements(known=tuple(known), verdicts=tuple(verdicts), judged=tuple(judged))


def _judged(known: Known, verdict: Verdict) -> Judged:
    first = next((n for n, one in enumerate(verdict.findings) if not one.ok), len(STAGES))
    return Judged(
        name=known.name,
        base=known.base,
        fault=known.fault,
        self_written_cases=known.self_written_cases,
        wrong=round(known.wrong, 3),
        decision=verdict.decision,
        reason=verdict.reason,
        refused_by=refusing(verdict),
        calls=sum(one.calls for one in verdict.findings[: first + 1]),
        all_calls=verdict.calls,
        planned_calls=verdict.planned_calls,
    )


def _stage(name: StageName, sound: Sequence[Verdict], faulty: Sequence[Verdict]) -> StageShare:
    n = len(faulty)
    return StageShare(
        stage=name,
        first=share(sum(refusing(v)[:1] == (name,) for v in faulty), n),
        alone=share(sum(name in refusing(v) for v in faulty), n),
        only=share(sum(refusing(v) == (name,) for v in faulty), n),
        sound_refused=share(sum(name in refusing(v) for v in sound), len(sound)),
        calls=median(
            one.calls for v in (*sound, *faulty) for one in v.findings if one.stage == name
        ),
    )


def _fault(fault: Fault, verdicts: Sequence[Verdict]) -> FaultShare:
    caught = {name: sum(name in refusing(v) for v in verdicts) for name in STAGES}
    return FaultShare(
        fault=fault,
        kept_out=share(sum(not admitted(v.findings) for v in verdicts), len(verdicts)),
        caught_by={name: count for name, count in caught.items() if count},
    )

"""Two runs of the same suites: what got better, what got worse, and what nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from skillweave.evals.record import Record
from skillweave.evals.runs import SuiteRun
from skillweave.evals.summary import by_sample, compared
from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen
from skillweave.skills.statistics import LEVEL, Paired, holm, paired

Change = Literal["better", "worse", "no change shown"]


class Comparison(Frozen):
    """One arm of one suite in both runs, on the samples that got a score in both."""

    suite: str
    arm: str
    before: float
    after: float
    left_out: int
    paired: Paired
    p_holm: float
    """``paired.p``, corrected for all arms of all suites that are compared."""
    change: Change
    lost: tuple[str, ...]
    """Samples that fared better before."""
    won: tuple[str, ...]
    warnings: tuple[str, ...]
    """What else differs between the runs, so that the change may not be the program's."""


def compare(before: Sequence[SuiteRun], after: Sequence[SuiteRun]) -> list[Comparison]:
    """Compare all arms that both have, by suite.

    Raises:
        UserError: they have none in common.
    """
    old = {run.suite: run for run in before}
    matched = [
        (old[run.suite], run, arm) for run in after if run.suite in old for arm in _arms(run)
    ]
    matched = [(a, b, arm) for a, b, arm in matched if arm in _arms(a)]
    if not matched:
        raise UserError("the two runs have no arm of a suite in common")
    pairs = []
    for a, b, arm in matched:
        ours, theirs, left_out = compared(_of(b, arm), _of(a, arm))
        pairs.append((paired(ours, theirs), left_out))
    adjusted = holm([pair.p for pair, _ in pairs])
    return [
        _comparison(a, b, arm, pair, left_out, p)
        for (a, b, arm), (pair, left_out), p in zip(matched, pairs, adjusted, strict=True)
    ]


def change_of(pair: Paired, p: float) -> Change:
    """A change counts when chance explains it less often than the level allows."""
    if p >= 1 - LEVEL or pair.difference == 0:
        return "no change shown"
    return "better" if pair.difference > 0 else "worse"


def warnings_of(before: SuiteRun, after: SuiteRun) -> tuple[str, ...]:
    """What differs between two runs besides the program."""
    a, b = before.manifest, after.manifest
    differing = {
        "the samples": a.samples != b.samples,
        "the data files": a.data != b.data,
        "the model": (a.plan.model, a.model_hash) != (b.plan.model, b.model_hash),
        "the library": a.library != b.library,
        "the limits": a.plan.limits != b.plan.limits,
        "the seeds": a.plan.seeds != b.plan.seeds,
    }
    incomplete = [
        f"the run {name} is not complete"
        for name, run in (("before", before), ("after", after))
        if not run.summary.complete
    ]
    return (*(f"{what} differ" for what, differs in differing.items() if differs), *incomplete)


def _comparison(
    before: SuiteRun, after: SuiteRun, arm: str, pair: Paired, left_out: int, p: float
) -> Comparison:
    old = by_sample(_of(before, arm), errors=False)
    new = by_sample(_of(after, arm), errors=False)
    both = sorted(old.keys() & new.keys())
    return Comparison(
        suite=after.suite,
        arm=arm,
        before=sum(old[s] for s in both) / max(1, len(both)),
        after=sum(new[s] for s in both) / max(1, len(both)),
        left_out=left_out,
        paired=pair,
        p_holm=p,
        change=change_of(pair, p),
        lost=tuple(s for s in both if new[s] < old[s]),
        won=tuple(s for s in both if new[s] > old[s]),
        warnings=warnings_of(before, after),
    )


def _arms(run: SuiteRun) -> list[str]:
    return [arm.arm for arm in run.summary.arms]


def _of(run: SuiteRun, arm: str) -> list[Record]:
    return [record for record in run.records if record.arm == arm]

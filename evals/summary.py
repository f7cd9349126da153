"""The figures of a run, from its records alone: no clock, no chance, no order of arrival."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from skillweave.evals.order import in_order
from skillweave.evals.record import STATUSES, Key, Record, Status
from skillweave.evals.suite import Arm, Sample, Suite, Table
from skillweave.skills.model import Frozen
from skillweave.skills.statistics import Paired, holm, mean_interval, paired

POINTS = 40
"""Of a growth curve, at most."""

Records = Mapping[Key, Record]


class ArmFigures(Frozen):
    """One arm. A sample's score is its mean over the seeds, an error counting as no success."""

    arm: str
    about: str
    samples: int
    missing: int
    """Trials that were not run (yet)."""
    statuses: dict[Status, int]
    score: float
    low: float
    high: float
    tokens: float
    """Generated, per trial."""
    steps: float
    learned: int
    """Skills, over all seeds."""
    by_seed: tuple[float, ...] = ()
    """The score under each seed."""


class FamilyFigures(Frozen):
    """One family of samples in one arm."""

    family: str
    arm: str
    samples: int
    score: float
    low: float
    high: float


class Difference(Frozen):
    """An arm against the reference, on the samples that got a score in both."""

    arm: str
    left_out: int
    """Samples with an error, or none yet, on either side."""
    paired: Paired
    p_holm: float
    """``paired.p``, corrected for the number of arms that are compared."""


class Curve(Frozen):
    """How an arm fared up to each point of the stream of samples, mean over the seeds."""

    arm: str
    tried: tuple[int, ...]
    score: tuple[float, ...]
    """Mean over the samples so far."""
    learned: tuple[float, ...]
    """Skills so far."""


class Summary(Frozen):
    """All figures of one run of one suite."""

    suite: str
    about: str
    reference: str
    complete: bool
    samples: int
    seeds: tuple[int, ...]
    arms: tuple[ArmFigures, ...]
    families: tuple[FamilyFigures, ...]
    differences: tuple[Difference, ...]
    curves: tuple[Curve, ...]
    tables: tuple[Table, ...]


def summarise(
    suite: Suite,
    arms: Sequence[Arm],
    seeds: Sequence[int],
    samples: Sequence[Sample],
    records: Records,
) -> Summary:
    """Count, compare, draw the curves."""
    families = sorted({sample.family for sample in samples})
    ordered = [
        records[key]
        for arm in arms
        for seed in seeds
        for sample in samples
        if (key := Key(arm.name, seed, sample.id)) in records
    ]
    figures = tuple(_arm(arm, seeds, samples, records) for arm in arms)
    return Summary(
        suite=suite.name,
        about=suite.about,
        reference=suite.reference,
        complete=not any(arm.missing for arm in figures),
        samples=len(samples),
        seeds=tuple(seeds),
        arms=figures,
        families=tuple(
            _family(family, arm.name, [r for r in ordered if r.arm == arm.name])
            for family in families
            for arm in arms
        ),
        differences=_differences(ordered, [arm.name for arm in arms], suite.reference),
        curves=tuple(
            _curve(arm.name, seeds, samples, records)
            for arm in arms
            if arm.grows or (arm.name == suite.reference and any(a.grows for a in arms))
        ),
        tables=suite.tables(ordered),
    )


def by_sample(records: Sequence[Record], *, errors: bool = True) -> dict[str, float]:
    """The score of each sample, mean over its seeds.

    Args:
        errors: count an error as no success; otherwise its sample is left out.
    """
    found: dict[str, list[float]] = {}
    for record in records:
        found.setdefault(record.sample, []).append(record.success)
    bad = set() if errors else {r.sample for r in records if r.score is None}
    return {name: fmean(scores) for name, scores in found.items() if name not in bad}


def compared(
    ours: Sequence[Record], theirs: Sequence[Record]
) -> tuple[list[float], list[float], int]:
    """Scores of the samples that have one on both sides, and how many were left out."""
    a, b = by_sample(ours, errors=False), by_sample(theirs, errors=False)
    both = sorted(a.keys() & b.keys())
    every = {record.sample for record in (*ours, *theirs)}
    return [a[name] for name in both], [b[name] for name in both], len(every) - len(both)


def _arm(arm: Arm, seeds: Sequence[int], samples: Sequence[Sample], records: Records) -> ArmFigures:
    keys = [Key(arm.name, seed, s.id) for seed in seeds for s in samples if arm.takes(s)]
    own = [records[key] for key in keys if key in records]
    scores = list(by_sample(own).values())
    low, high = mean_interval(scores)
    return ArmFigures(
        arm=arm.name,
        about=arm.about,
        samples=len(scores),
        missing=len(keys) - len(own),
        statuses={status: sum(r.status == status for r in own) for status in STATUSES},
        score=_mean(scores),
        low=low,
        high=high,
        tokens=_mean([r.tokens for r in own]),
        steps=_mean([r.steps for r in own]),
        learned=sum(len(r.new_skills) for r in own),
        by_seed=tuple(_mean([r.success for r in own if r.seed == seed]) for seed in seeds),
    )


def _family(family: str, arm: str, records: Sequence[Record]) -> FamilyFigures:
    scores = list(by_sample([r for r in records if r.family == family]).values())
    low, high = mean_interval(scores)
    return FamilyFigures(
        family=family, arm=arm, samples=len(scores), score=_mean(scores), low=low, high=high
    )


def _differences(
    records: Sequence[Record], arms: Sequence[str], reference: str
) -> tuple[Difference, ...]:
    if reference not in arms:
        return ()
    by_arm = {arm: [r for r in records if r.arm == arm] for arm in arms}
    found = []
    for arm in (arm for arm in arms if arm != reference):
        ours, theirs, left_out = compared(by_arm[arm], by_arm[reference])
        found.append((arm, left_out, paired(ours, theirs)))
    adjusted = holm([pair.p for _, _, pair in found])
    return tuple(
        Difference(arm=arm, left_out=left_out, paired=pair, p_holm=p)
        for (arm, left_out, pair), p in zip(found, adjusted, strict=True)
    )


def _curve(arm: str, seeds: Sequence[int], samples: Sequence[Sample], records: Records) -> Curve:
    streams = []
    for seed in seeds:
        keys = [Key(arm, seed, sample.id) for sample in in_order(samples, seed)]
        streams.append([records[key] for key in keys if key in records])
    length = min(map(len, streams), default=0)
    tried = sorted({max(1, round(length * n / POINTS)) for n in range(1, POINTS + 1)})
    tried = tried if length else []
    return Curve(
        arm=arm,
        tried=tuple(tried),
        score=tuple(fmean(r.success for s in streams for r in s[:n]) for n in tried),
        learned=tuple(fmean(sum(len(r.new_skills) for r in s[:n]) for s in streams) for n in tried),
    )


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0

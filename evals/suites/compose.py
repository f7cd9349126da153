"""Composition: success against the number of skills a task needs, and two laws it is said to follow.

*Independent steps*: with k skills success is the k-th power of the success with one; for k = 2 this
is the square law of MATH² (https://arxiv.org/abs/2407.21009). *Weakest link*: a composition is no
better than its weakest skill alone (CrossEval, https://arxiv.org/abs/2409.19951). Which skills a task
needs nobody wrote down, so those that the agent tried stand for them; a task counts for this law only
if each of them was also tried in a task of one step, and the table says how many did. This is weak
evidence: tasks in which the agent tried the skills it also tried alone are a choice of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from skillweave.evals.record import Record
from skillweave.evals.sources import hashed
from skillweave.evals.suite import EVERYDAY, Loaded, Suite, Table
from skillweave.evals.suites.workbench import RIGHT, samples_of, score
from skillweave.evals.summary import by_sample
from skillweave.evals.workbench import TASKS
from skillweave.skills.statistics import mean_interval

FEWEST = 10
"""Tasks below which nothing is said of a law."""
FILES = (TASKS.with_name("held_out.jsonl"), TASKS)
Cell = str | int | float | None


def load(_: Path | None) -> Loaded:
    """The tasks with an exact answer of both files that no one tunes on."""
    samples = [sample for file in FILES for sample in samples_of(file)]
    return Loaded(
        samples=tuple(sample for sample in samples if sample.expected is not None),
        files=hashed({file.name: file for file in (*FILES, RIGHT)}, {}),
    )


def tables(records: Sequence[Record]) -> tuple[Table, ...]:
    """Success against k with what the laws predict, for every arm."""
    rows: list[tuple[Cell, ...]] = []
    for arm in dict.fromkeys(record.arm for record in records):
        rows += level_rows(arm, [record for record in records if record.arm == arm])
    return (
        Table(
            title="Success against the number of skills",
            note="Independent steps: the power k of the success with one skill. Weakest link: mean, "
            "over the tasks whose skills were all seen alone, of the least success of these alone; "
            "the law holds where the success on the same tasks is no higher.",
            columns=(
                "arm", "skills", "tasks", "success", "low", "high", "independent steps",
                "agrees", "tasks seen alone", "their success", "weakest link", "holds",
            ),
            rows=tuple(rows),
        ),
    )  # fmt: skip


def level_rows(arm: str, records: Sequence[Record]) -> list[tuple[Cell, ...]]:
    """One row for every level of one arm."""
    alone = single_success(records)
    ones = list(by_sample([r for r in records if r.level == 1]).values())
    rows: list[tuple[Cell, ...]] = []
    for level in sorted({record.level for record in records}):
        own = [record for record in records if record.level == level]
        scores = list(by_sample(own).values())
        low, high = mean_interval(scores)
        power = fmean(ones) ** level if ones and level > 1 else None
        covered = [r for r in own if level > 1 and r.tried and alone.keys() >= set(r.tried)]
        weakest = fmean(min(alone[n] for n in r.tried) for r in covered) if covered else None
        theirs = fmean(r.success for r in covered) if covered else None
        rows.append(
            (
                arm,
                level,
                len(scores),
                fmean(scores),
                low,
                high,
                power,
                _told(power, min(len(ones), len(scores)), low <= (power or 0.0) <= high),
                len(covered) if level > 1 else None,
                theirs,
                weakest,
                _told(weakest, len(covered), (theirs or 0.0) <= (weakest or 0.0)),
            )
        )
    return rows


def single_success(records: Sequence[Record]) -> Mapping[str, float]:
    """How often tasks of one step that tried a skill went right, by skill."""
    found: dict[str, list[float]] = {}
    for record in records:
        for name in record.tried if record.level == 1 else ():
            found.setdefault(name, []).append(record.success)
    return {name: fmean(scores) for name, scores in found.items()}


def _told(predicted: float | None, tasks: int, holds: bool) -> str | None:
    if predicted is None:
        return None
    return "too few" if tasks < FEWEST else "yes" if holds else "no"


COMPOSE = Suite(
    name="compose",
    about="tasks of 1 to 5 skills: how success falls with their number",
    arms=EVERYDAY,
    load=load,
    score=score,
    tables=tables,
)

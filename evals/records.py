"""What is written to a figure file: the result, and everything needed to judge and repeat it."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime
from typing import Self

from skillweave.evals.latency import Latency
from skillweave.evals.machine import Machine
from skillweave.evals.workbench import SORTS, Report, Sort, TaskReport
from skillweave.skills.model import Frozen


class WorkbenchFigures(Frozen):
    """The workbench, counted."""

    command: str
    made: str
    model: str
    base_hash: str
    seed: int
    machine: Machine
    right: dict[Sort, int]
    count: dict[Sort, int]
    multi_step_right: int
    multi_step_count: int
    """Tasks with steps of which a person would need two or more."""
    seconds_per_task: float
    """Median over the tasks with steps."""
    seconds: float
    tasks: tuple[TaskReport, ...]

    @classmethod
    def of(
        cls, report: Report, *, model: str, base_hash: str, seed: int, machine: Machine, file: str
    ) -> Self:
        """Count a report."""
        steps = [task for task in report.tasks if task.sort == "steps"]
        multi = [task for task in steps if task.min_steps > 1]
        return cls(
            command=f"skillweave eval tasks --model {model} --seed {seed}  # {file}",
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            model=model,
            base_hash=base_hash,
            seed=seed,
            machine=machine,
            right={sort: report.right(sort) for sort in SORTS},
            count={sort: report.count(sort) for sort in SORTS},
            multi_step_right=sum(task.right for task in multi),
            multi_step_count=len(multi),
            seconds_per_task=statistics.median([t.seconds for t in steps]) if steps else 0.0,
            seconds=report.seconds,
            tasks=report.tasks,
        )


class LatencyFigures(Frozen):
    """The latencies."""

    command: str = "skillweave eval figures"
    made: str
    machine: Machine
    latency: Latency

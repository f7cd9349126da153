"""Growth on a stream: does what was learned on earlier tasks help with later ones, and what does it cost?

The families of the stream return in new guises and with new values. Four arms see the same tasks in the
same orders: one grows (verified plans compiled through the gate, insights distilled on the way, programs
searched and adapters taught from what a person shows after a wrong answer), one only keeps raw records
of what it did and was shown, one learns nothing, and one finds random skills in place of those it looks
for. The stream of queries (`growth_queries`) is counted the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from skillweave.agent.trace import read_trace
from skillweave.evals.growth_tasks import BLOCK
from skillweave.evals.machine import Machine, this_machine
from skillweave.evals.order import in_order
from skillweave.evals.record import Key, Record
from skillweave.evals.suite import TRAJECTORIES, Arm, Sample, Suite
from skillweave.evals.suites.growth import NOTHING
from skillweave.skills.model import Frozen
from skillweave.skills.statistics import Paired, mean_interval, paired


class Block(Frozen):
    """Some tasks in a row, over all orders."""

    first: int
    last: int
    success: float
    calls: float
    """Per task."""
    tokens: float
    seconds: float


class ArmFigures(Frozen):
    """One arm over all orders; costs are of all tasks, shared among the solved ones."""

    arm: str
    about: str
    trials: int
    success: float
    low: float
    high: float
    """95 % interval of the mean over tasks, each its mean over the orders."""
    calls_per_solved: float | None
    """Questions to the model; in the stream of queries, calls of tools."""
    tokens_per_solved: float | None
    seconds_per_solved: float | None
    """Wall clock, learning included; an answer that the model gave before costs nothing."""
    model_seconds_per_solved: float | None
    """As measured when the model first gave its answers."""
    learned: float
    """Skills at the end of an order, on average."""
    used_learned: int
    """Tasks in which a learned skill contributed."""
    blocks: tuple[Block, ...]
    against_nothing: Paired | None
    """Success, task by task, against the arm that learns nothing."""
    against_records: Paired | None
    """The same against the arm that keeps raw records."""


class GrowthFigures(Frozen):
    """Everything, with how it was made."""

    suite: str
    command: str
    made: str
    machine: Machine
    model: str
    model_hash: str
    tasks: int
    families: dict[str, dict[str, float]]
    """Success by family and arm, over all orders."""
    orders: tuple[int, ...]
    block: int
    parallel: int
    """Tasks at once in the arms that do not learn; those that do go one by one. Seconds can be compared
    where this is 1."""
    data: dict[str, str]
    """sha256 of what was read."""
    arms: tuple[ArmFigures, ...]


class Setting(Frozen):
    """How a run was made."""

    command: str
    model: str
    model_hash: str = ""
    block: int = BLOCK
    parallel: int = 1
    data: dict[str, str] = Field(default_factory=dict)
    """sha256 of what was read."""


def figures(
    suite: Suite,
    records: Mapping[Key, Record],
    samples: Sequence[Sample],
    orders: Sequence[int],
    folder: Path,
    setting: Setting,
) -> GrowthFigures:
    """The figures of a run, in the folder of which the traces lie."""
    costs = {key: cost_of(one, folder) for key, one in records.items()}
    arms = [arm for arm in suite.arms if any(key.arm == arm.name for key in records)]
    families = dict.fromkeys(sample.family for sample in samples)
    return GrowthFigures(
        **setting.model_dump(),
        suite=suite.name,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=this_machine(),
        tasks=len(samples),
        families={
            family: {
                arm.name: _share(sum(r.success for r in own), len(own)) or 0.0
                for arm in arms
                if (own := [r for r in records.values() if (r.arm, r.family) == (arm.name, family)])
            }
            for family in families
        },
        orders=tuple(orders),
        arms=tuple(_arm(arm, records, samples, orders, costs, setting.block) for arm in arms),
    )


class Cost(NamedTuple):
    """Of one task, as its trace tells."""

    calls: int = 0
    seconds: float = 0.0
    """Of the model."""


def cost_of(record: Record, folder: Path) -> Cost:
    """Questions to the model in a task's trace; where it was asked nothing, the tools that were tried."""
    trace = folder / record.trace
    if not record.trace or not trace.is_file():
        return Cost(len(record.tried))
    answers = [one["answer"] for one in read_trace(trace) if one["kind"] == "ask"]
    told = [one.get("seconds") for one in answers if isinstance(one, dict)]
    seconds = sum(float(one) for one in told if isinstance(one, int | float))
    return Cost(len(answers) or len(record.tried), seconds)


def _arm(
    arm: Arm,
    records: Mapping[Key, Record],
    samples: Sequence[Sample],
    orders: Sequence[int],
    costs: Mapping[Key, Cost],
    block: int,
) -> ArmFigures:
    rows = [
        (place, records[key])
        for order in orders
        for place, sample in enumerate(in_order(samples, order))
        if (key := Key(arm.name, order, sample.id)) in records
    ]
    own = [record for _, record in rows]
    solved = sum(record.success for record in own)
    scores = _by_task(arm.name, records, samples, orders)
    low, high = mean_interval(list(scores.values())) if scores else (0.0, 0.0)
    learned = {name for record in own for name in record.new_skills}
    return ArmFigures(
        arm=arm.name,
        about=arm.about,
        trials=len(own),
        success=_share(solved, len(own)) or 0.0,
        low=round(low, 4),
        high=round(high, 4),
        calls_per_solved=_share(sum(costs[record.key].calls for record in own), solved),
        tokens_per_solved=_share(sum(record.tokens for record in own), solved),
        seconds_per_solved=_share(sum(record.seconds for record in own), solved),
        model_seconds_per_solved=_share(sum(costs[record.key].seconds for record in own), solved),
        learned=_share(sum(len(record.new_skills) for record in own), len(orders)) or 0.0,
        used_learned=sum(bool(learned & set(record.skills)) for record in own),
        blocks=tuple(_blocks(rows, costs, block)),
        against_nothing=_against(arm.name, NOTHING.name, records, samples, orders),
        against_records=_against(arm.name, TRAJECTORIES.name, records, samples, orders),
    )


def _blocks(
    rows: Sequence[tuple[int, Record]], costs: Mapping[Key, Cost], block: int
) -> list[Block]:
    found = []
    for number in sorted({place // block for place, _ in rows}):
        own = [record for place, record in rows if place // block == number]
        found.append(
            Block(
                first=number * block + 1,
                last=max(place for place, _ in rows if place // block == number) + 1,
                success=_share(sum(one.success for one in own), len(own)) or 0.0,
                calls=_share(sum(costs[one.key].calls for one in own), len(own)) or 0.0,
                tokens=_share(sum(one.tokens for one in own), len(own)) or 0.0,
                seconds=_share(sum(one.seconds for one in own), len(own)) or 0.0,
            )
        )
    return found


def _by_task(
    arm: str, records: Mapping[Key, Record], samples: Sequence[Sample], orders: Sequence[int]
) -> dict[str, float]:
    """Mean success over the orders, by task; tasks that an order lacks are left out."""
    found = {}
    for sample in samples:
        keys = [Key(arm, order, sample.id) for order in orders]
        if all(key in records for key in keys):
            found[sample.id] = sum(records[key].success for key in keys) / len(keys)
    return found


def _against(
    arm: str,
    other: str,
    records: Mapping[Key, Record],
    samples: Sequence[Sample],
    orders: Sequence[int],
) -> Paired | None:
    ours, theirs = (_by_task(name, records, samples, orders) for name in (arm, other))
    both = [task for task in ours if task in theirs]
    if arm == other or not both:
        return None
    return paired([ours[task] for task in both], [theirs[task] for task in both])


def _share(value: float, of: float) -> float | None:
    return round(value / of, 4) if of else None

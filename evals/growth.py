"""Growth on a stream: does what was learned on earlier tasks help with later ones, and what does it cost?

The families of the stream return in new guises and with new values. Four arms see the same tasks in the
same orders: one grows (verified plans compiled through the gate, insights distilled on the way), one only
keeps raw records of what it did, one learns nothing, and one finds random skills in place of those it
looks for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from skillweave.agent.result import Result
from skillweave.agent.trace import read_trace
from skillweave.evals.growth_tasks import BLOCK, STREAM, stream
from skillweave.evals.machine import Machine, this_machine
from skillweave.evals.order import in_order
from skillweave.evals.record import Key, Record
from skillweave.evals.sources import hashed
from skillweave.evals.suite import (
    GROWN,
    LIBRARY,
    RANDOM,
    TRAJECTORIES,
    Arm,
    Loaded,
    Sample,
    Score,
    Suite,
)
from skillweave.evals.suites.workbench import missed
from skillweave.skills.cases import same_value
from skillweave.skills.model import Frozen
from skillweave.skills.statistics import Paired, mean_interval, paired

DISTIL_EVERY = BLOCK
"""Tasks after which the growing arm distils."""
NOTHING = LIBRARY.model_copy(update={"name": "nothing", "about": "nothing is learned"})
GROWTH = GROWN.model_copy(
    update={
        "name": "growth",
        "about": "verified plans become skills through the gate, and insights are distilled",
    }
)
ARMS: tuple[Arm, ...] = (NOTHING, RANDOM, GROWTH, TRAJECTORIES)


def load(_: Path | None) -> Loaded:
    """The stream; it comes with the package."""
    return Loaded(samples=tuple(stream()), files=hashed({STREAM.name: STREAM}, {}))


def load_families(number: int | None) -> Loaded:
    """The stream with only so many of its families, taken at equal distances."""
    whole = load(None)
    names = list(dict.fromkeys(sample.family for sample in whole.samples))
    chosen = set(names[:: max(1, len(names) // number)][:number] if number else names)
    kept = tuple(sample for sample in whole.samples if sample.family in chosen)
    return Loaded(samples=kept, files=whole.files)


def scored(sample: Sample, result: Result) -> Score:
    """Right or not."""
    right = result.outcome == "solved" and same_value(sample.expected, result.value)
    return Score(value=float(right), note="" if right else missed(sample, result))


SUITE = Suite(
    name="growth",
    about="300 tasks of 15 families that return in new guises: does learning on the way help?",
    arms=ARMS,
    load=load,
    score=scored,
    reference=NOTHING.name,
)


class Block(Frozen):
    """Some tasks in a row, over all orders."""

    first: int
    last: int
    success: float
    calls: float
    """Of the model, per task."""
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
    tokens_per_solved: float | None
    seconds_per_solved: float | None
    learned: float
    """Skills at the end of an order, on average."""
    used_learned: int
    """Tasks in which a learned skill contributed."""
    blocks: tuple[Block, ...]
    against_nothing: Paired | None
    """Success, task by task, against the arm that learns nothing."""


class GrowthFigures(Frozen):
    """Everything, with how it was made."""

    command: str
    made: str
    machine: Machine
    model: str
    model_hash: str
    tasks: int
    of: int
    """Tasks of the whole stream."""
    families: int
    orders: tuple[int, ...]
    block: int
    parallel: int
    """Tasks at once in the arms that do not learn; those that do go one by one. Seconds can be compared
    where this is 1."""
    arms: tuple[ArmFigures, ...]


class Setting(Frozen):
    """How a run was made."""

    command: str
    model: str
    model_hash: str = ""
    block: int = BLOCK
    parallel: int = 1


def figures(
    records: Mapping[Key, Record],
    samples: Sequence[Sample],
    orders: Sequence[int],
    folder: Path,
    setting: Setting,
) -> GrowthFigures:
    """The figures of a run, in the folder of which the traces lie."""
    calls = {key: calls_in(folder / one.trace) if one.trace else 0 for key, one in records.items()}
    return GrowthFigures(
        **setting.model_dump(),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=this_machine(),
        tasks=len(samples),
        of=len(stream()),
        families=len({sample.family for sample in samples}),
        orders=tuple(orders),
        arms=tuple(_arm(arm, records, samples, orders, calls, setting.block) for arm in ARMS),
    )


def calls_in(trace: Path) -> int:
    """Questions to the model in a trace."""
    if not trace.is_file():
        return 0
    return sum(record["kind"] == "ask" for record in read_trace(trace))


def _arm(
    arm: Arm,
    records: Mapping[Key, Record],
    samples: Sequence[Sample],
    orders: Sequence[int],
    calls: Mapping[Key, int],
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
        calls_per_solved=_share(sum(calls[record.key] for record in own), solved),
        tokens_per_solved=_share(sum(record.tokens for record in own), solved),
        seconds_per_solved=_share(sum(record.seconds for record in own), solved),
        learned=_share(sum(len(record.new_skills) for record in own), len(orders)) or 0.0,
        used_learned=sum(bool(learned & set(record.skills)) for record in own),
        blocks=tuple(_blocks(rows, calls, block)),
        against_nothing=_against(arm.name, scores, records, samples, orders),
    )


def _blocks(
    rows: Sequence[tuple[int, Record]], calls: Mapping[Key, int], block: int
) -> list[Block]:
    found = []
    for number in sorted({place // block for place, _ in rows}):
        own = [record for place, record in rows if place // block == number]
        found.append(
            Block(
                first=number * block + 1,
                last=max(place for place, _ in rows if place // block == number) + 1,
                success=_share(sum(one.success for one in own), len(own)) or 0.0,
                calls=_share(sum(calls[one.key] for one in own), len(own)) or 0.0,
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
    scores: Mapping[str, float],
    records: Mapping[Key, Record],
    samples: Sequence[Sample],
    orders: Sequence[int],
) -> Paired | None:
    theirs = _by_task(NOTHING.name, records, samples, orders)
    both = [task for task in scores if task in theirs]
    if arm == NOTHING.name or not both:
        return None
    return paired([scores[task] for task in both], [theirs[task] for task in both])


def _share(value: float, of: float) -> float | None:
    return round(value / of, 4) if of else None

"""The growth stream as a suite: 300 tasks of families that return, and a person who shows examples."""

from __future__ import annotations

from pathlib import Path

from skillweave.agent.result import Result
from skillweave.evals.growth_shown import after
from skillweave.evals.growth_tasks import STREAM, stream
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

NOTHING = LIBRARY.model_copy(update={"name": "nothing", "about": "nothing is learned"})
GROWTH = GROWN.model_copy(
    update={
        "name": "growth",
        "about": "verified plans and what a person shows become skills through the gate",
    }
)
RECORDS = TRAJECTORIES.model_copy(
    update={"about": "raw records of earlier tasks, and of what a person showed, as experiences"}
)
ARMS: tuple[Arm, ...] = (NOTHING, RANDOM, GROWTH, RECORDS)


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


GROWTH_TASKS = Suite(
    name="growth",
    about="300 tasks of 27 families that return in new guises: does learning on the way help?",
    arms=ARMS,
    load=load,
    score=scored,
    reference=NOTHING.name,
    after=after,
)

"""The workbench as a suite: everyday requests over the built-in tools."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from skillweave.agent.result import Result
from skillweave.evals.sources import hashed
from skillweave.evals.suite import EVERYDAY, Loaded, Sample, Score, Suite
from skillweave.evals.workbench import HELD_OUT, Task, is_right, load_tasks

_RIGHT = TypeAdapter(dict[str, tuple[str, ...]])
RIGHT = HELD_OUT.with_name("right.json")
"""The skills that each task needs, written down by a reader of the tasks; several where there are
several ways. A task that no built-in skill serves is left out."""


def samples_of(path: Path) -> list[Sample]:
    """The tasks of a file as samples."""
    right = _RIGHT.validate_json(RIGHT.read_bytes())
    found = []
    for number, task in enumerate(load_tasks(path), start=1):
        steps = f"{task.min_steps} {'step' if task.min_steps == 1 else 'steps'}"
        name = f"{path.stem}-{number:03}"
        sample = Sample(
            id=name,
            request=task.task,
            family=steps if task.sort == "steps" else task.sort,
            level=task.min_steps,
            expected=task.expected,
            right=right.get(name) if task.sort == "steps" else (),
        )
        found.append(sample)
    return found


def load(_: Path | None) -> Loaded:
    """The workbench's tasks; they come with the package."""
    samples = tuple(samples_of(HELD_OUT))
    return Loaded(
        samples=samples, files=hashed({file.name: file for file in (HELD_OUT, RIGHT)}, {})
    )


def score(sample: Sample, result: Result) -> Score:
    """Right or not, as the workbench judges it."""
    sort = sample.family if sample.family in ("beyond", "talk") else "steps"
    task = Task.model_validate({"task": sample.request, "sort": sort, "expected": sample.expected})
    right = is_right(task, result)
    return Score(value=float(right), note="" if right else missed(sample, result))


def missed(sample: Sample, result: Result) -> str:
    """One line on why a result is not right."""
    if result.outcome == "solved":
        return f"the value is {result.value!r}" + (
            f", not {sample.expected!r}" if sample.expected is not None else ""
        )
    return f"{result.outcome}: {result.answer.splitlines()[0] if result.answer else 'no words'}"


WORKBENCH = Suite(
    name="workbench",
    about="100 everyday requests over the built-in tools, which no one tunes on",
    arms=EVERYDAY,
    load=load,
    score=score,
)

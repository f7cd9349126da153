"""The workbench: everyday requests over the built-in tools, answered by a whole agent.

The files under ``data`` hold one `Task` a line. ``development.jsonl`` was read while the grammar
nano is trained on was being written, and the failures on ``workbench.jsonl`` were read before its
second training, so the figures of both flatter nano; ``development_free.jsonl`` is there to look at
failures in free wordings. ``held_out.jsonl`` was written by someone who saw neither grammar nor tests,
and nobody tunes on it.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol, Self

from pydantic import JsonValue, ValidationError, model_validator

from skillweave.agent.result import Outcome, Result
from skillweave.evals.judge import same
from skillweave.skills.errors import SkillweaveError, UserError
from skillweave.skills.model import Frozen

TASKS = Path(__file__).parent / "data" / "workbench.jsonl"
DEVELOPMENT = TASKS.with_name("development.jsonl")
HELD_OUT = TASKS.with_name("held_out.jsonl")

Sort = Literal["steps", "beyond", "talk"]
SORTS: tuple[Sort, ...] = ("steps", "beyond", "talk")


class Task(Frozen):
    """One request and what is right for it."""

    task: str
    sort: Sort = "steps"
    """``steps``: has an exact answer; ``beyond``: a small model must decline; ``talk``: small talk."""
    expected: JsonValue = None
    min_steps: int = 1
    """Steps a person would need with one built-in tool a step."""

    @model_validator(mode="after")
    def _expects_what_can_be_judged(self) -> Self:
        if self.sort == "steps" and self.expected is None:
            raise ValueError("a task with steps names its expected answer")
        return self


class TaskReport(Frozen):
    """How one task went."""

    task: str
    sort: Sort
    min_steps: int = 1
    right: bool
    outcome: Outcome | Literal["error"]
    expected: JsonValue = None
    value: JsonValue = None
    answer: str = ""
    steps: int = 0
    """Steps that gave a value."""
    confidence: float = 0.0
    """Of the plan, as `skillweave.agent.Result` has it."""
    skills: tuple[str, ...] = ()
    new_skills: tuple[str, ...] = ()
    replans: int = 0
    tokens: int = 0
    seconds: float = 0.0
    error: str = ""


class Report(Frozen):
    """How all tasks went."""

    tasks: tuple[TaskReport, ...]
    seconds: float

    def right(self, sort: Sort) -> int:
        """Tasks of a sort that went right."""
        return sum(t.right for t in self.tasks if t.sort == sort)

    def count(self, sort: Sort) -> int:
        """Tasks of a sort."""
        return sum(t.sort == sort for t in self.tasks)


class Runner(Protocol):
    """What answers tasks: the `skillweave.agent.Agent`, or a scripted one in tests."""

    def run(self, task: str) -> Result: ...


def load_tasks(path: Path = TASKS) -> tuple[Task, ...]:
    """Read a task file; a malformed line is named with its number."""
    tasks = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            tasks.append(Task.model_validate(json.loads(line)))
        except ValidationError as error:
            raise UserError(f"{path}:{number}: {error.errors()[0]['msg']}; correct it") from None
        except json.JSONDecodeError as error:
            raise UserError(f"{path}:{number}: not JSON: {error}; correct the line") from None
    return tuple(tasks)


def in_order(tasks: Sequence[Task], seed: int) -> tuple[Task, ...]:
    """The tasks in the order of a seed; it matters, because the agent learns on the way."""
    return tuple(random.Random(seed).sample(list(tasks), len(tasks)))


def is_right(task: Task, result: Result) -> bool:
    """Judge a result; the agent's own verdict on itself plays no part."""
    if task.sort == "beyond":
        return result.outcome == "declined"
    if task.sort == "talk":
        return result.outcome == "answered" and bool(result.answer.strip())
    return result.outcome == "solved" and same(result.value, task.expected)


def run_task(agent: Runner, task: Task) -> TaskReport:
    """Put one task to the agent. An error of the agent is a wrong answer, and recorded."""
    started = time.monotonic()
    try:
        result = agent.run(task.task)
    except SkillweaveError as error:
        return TaskReport(
            task=task.task,
            sort=task.sort,
            min_steps=task.min_steps,
            right=False,
            outcome="error",
            expected=task.expected,
            seconds=time.monotonic() - started,
            error=f"{type(error).__name__}: {error}",
        )
    return TaskReport(
        task=task.task,
        sort=task.sort,
        min_steps=task.min_steps,
        right=is_right(task, result),
        outcome=result.outcome,
        expected=task.expected,
        value=result.value,
        answer=result.answer,
        steps=sum(step.ok for step in result.steps),
        confidence=round(result.confidence, 4),
        skills=result.skills,
        new_skills=result.new_skills,
        replans=result.replans,
        tokens=result.tokens,
        seconds=time.monotonic() - started,
    )


def run_workbench(
    agent: Runner,
    tasks: Sequence[Task],
    on_task: Callable[[TaskReport], None] | None = None,
) -> Report:
    """Put the tasks to the agent one after another, each as a conversation of its own."""
    started = time.monotonic()
    reports = []
    for task in tasks:
        report = run_task(agent, task)
        reports.append(report)
        if on_task is not None:
            on_task(report)
    return Report(tasks=tuple(reports), seconds=time.monotonic() - started)

"""The workbench runner, the judge and the figures, with a scripted agent."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from skillweave.agent.result import Result, StepReport
from skillweave.evals import Task, load_tasks, run_workbench, same
from skillweave.evals.latency import REQUESTS, Start, measure, read_moments, spread
from skillweave.evals.machine import this_machine
from skillweave.evals.records import LatencyFigures, WorkbenchFigures
from skillweave.evals.workbench import DEVELOPMENT, in_order
from skillweave.evals.workbench import TASKS as TASK_FILE
from skillweave.skills.errors import ModelError, UserError

scalars = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@given(values)
def test_a_value_is_the_same_as_itself(value: JsonValue) -> None:
    assert same(value, value)


@given(values, values)
def test_sameness_has_no_direction(one: JsonValue, other: JsonValue) -> None:
    assert same(one, other) == same(other, one)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2", 2),
        (True, 1),
        (2, 2.001),
        ([1, 2], [2, 1]),
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        (None, 0),
    ],
)
def test_what_is_not_the_same(value: JsonValue, expected: JsonValue) -> None:
    assert not same(value, expected)


class Scripted:
    """Answers from a table; raises what stands there as an exception."""

    def __init__(self, table: dict[str, Result | Exception]) -> None:
        self.table = table

    def run(self, task: str) -> Result:
        answer = self.table[task]
        if isinstance(answer, Exception):
            raise answer
        return answer


def solved(task: str, value: JsonValue) -> Result:
    steps = (StepReport(id=1, goal="a", value=value, ok=True), StepReport(id=2, goal="b"))
    return Result(run="r", task=task, outcome="solved", answer=str(value), value=value, steps=steps)


def said(task: str, outcome: str, answer: str = "Hello.") -> Result:
    return Result.model_validate({"run": "r", "task": task, "outcome": outcome, "answer": answer})


TASKS = (
    Task(task="right", expected=4.0, min_steps=2),
    Task(task="wrong", expected=4, min_steps=2),
    Task(task="breaks", expected=4),
    Task(task="essay", sort="beyond"),
    Task(task="babble", sort="beyond"),
    Task(task="hello", sort="talk"),
    Task(task="silence", sort="talk"),
)
AGENT = Scripted(
    {
        "right": solved("right", 4),
        "wrong": solved("wrong", 5),
        "breaks": ModelError("no answer"),
        "essay": said("essay", "declined"),
        "babble": said("babble", "answered"),
        "hello": said("hello", "answered"),
        "silence": said("silence", "answered", " "),
    }
)


def test_the_workbench_judges_each_sort() -> None:
    seen: list[str] = []
    report = run_workbench(AGENT, TASKS, lambda task: seen.append(task.task))
    assert [task.task for task in report.tasks if task.right] == ["right", "essay", "hello"]
    assert (report.right("steps"), report.count("steps")) == (1, 3)
    assert report.tasks[0].steps == 1
    assert report.tasks[2].outcome == "error"
    assert report.tasks[2].error == "ModelError: no answer"
    assert seen == [task.task for task in TASKS]


def test_figures_count_and_can_be_read_back() -> None:
    report = run_workbench(AGENT, TASKS)
    figures = WorkbenchFigures.of(
        report, model="nano", base_hash="", seed=3, machine=this_machine(), file="tasks.jsonl"
    )
    assert figures.right == {"steps": 1, "beyond": 1, "talk": 1}
    assert (figures.multi_step_right, figures.multi_step_count) == (1, 2)
    assert "--seed 3" in figures.command
    assert WorkbenchFigures.model_validate_json(figures.model_dump_json()) == figures


def test_the_order_depends_on_the_seed_alone() -> None:
    assert in_order(TASKS, 1) == in_order(TASKS, 1) != in_order(TASKS, 2)
    assert set(in_order(TASKS, 1)) == set(TASKS)


def test_a_malformed_task_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text('{"task": "fine", "expected": 1}\n\n{"task": "no expected answer"}\n')
    with pytest.raises(UserError, match=r"tasks\.jsonl:3: .*expected"):
        load_tasks(file)
    file.write_text("{")
    with pytest.raises(UserError, match=r"tasks\.jsonl:1: not JSON"):
        load_tasks(file)


@pytest.mark.parametrize(
    ("file", "multi_step", "beyond", "talk"), [(TASK_FILE, 64, 30, 6), (DEVELOPMENT, 24, 12, 4)]
)
def test_the_shipped_tasks(file: Path, multi_step: int, beyond: int, talk: int) -> None:
    tasks = load_tasks(file)
    by_sort = {sort: [t for t in tasks if t.sort == sort] for sort in ("steps", "beyond", "talk")}
    assert len({task.task for task in tasks}) == len(tasks)
    assert sum(task.min_steps >= 2 for task in by_sort["steps"]) >= multi_step
    assert len(by_sort["beyond"]) >= beyond
    assert len(by_sort["talk"]) >= talk


def test_no_task_of_the_workbench_was_developed_on() -> None:
    developed = {task.task for task in load_tasks(DEVELOPMENT)}
    assert developed.isdisjoint(task.task for task in load_tasks())


def test_latency_throws_the_first_start_away() -> None:
    ready = iter([50.0, 3.0, 1.0, 2.0])

    def start(model: str, requests: Sequence[str]) -> Start:
        assert (model, requests) == ("nano", REQUESTS)
        return Start(
            ready=next(ready), first_token=(0.2, 0.4), whole_plan=(1.0, 2.0), task=(9, 1, 2)
        )

    starts: list[Start] = []
    latency = measure("nano", 3, start=start, on_start=starts.append)
    assert len(starts) == 4
    assert latency.ready == spread([3.0, 1.0, 2.0])
    assert (latency.ready.median, latency.ready.least, latency.ready.most) == (2.0, 1.0, 3.0)
    assert latency.first_token.count == 6
    assert latency.task == spread([1, 2] * 3)
    assert latency.first_task.median == 9
    figures = LatencyFigures(made="now", machine=this_machine(), latency=latency)
    assert LatencyFigures.model_validate_json(figures.model_dump_json()) == figures


def test_nothing_measured_is_zero() -> None:
    assert spread([]).count == 0


def test_the_probe_is_read_between_other_output() -> None:
    lines = 'Loading\n{"moment": "ready", "seconds": 2}\n{"moment": "task", "seconds": 1}\n'
    moments, ready = read_moments(io.StringIO(lines), iter([7.5]).__next__)
    assert [moment.moment for moment in moments] == ["ready", "task"]
    assert ready == 7.5

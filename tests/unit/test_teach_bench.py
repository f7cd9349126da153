"""``skillweave eval teach`` on a tiny model: the tasks, the grid, going on after a stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillweave.agent.growth.teach import Limits
from skillweave.agent.growth.teach_base import base_of
from skillweave.evals import teach_bench
from skillweave.evals.teach_bench import TeachFigures, grid, run_teach
from skillweave.evals.teach_cells import Bench, Cell, lesson_of
from skillweave.evals.teach_tasks import TASKS, TeachTask, pairs_of
from skillweave.skills.errors import UserError

LIMITS = Limits(steps=8, seconds=600, every=1, rank=2, tokens_per_batch=64, rate=1e-2)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_tasks_are_functions_and_never_show_what_is_held_out(task: TeachTask) -> None:
    shown, held = (dict(pairs_of(task, side, 300, 1)) for side in ("train", "held-out"))
    assert not shown.keys() & held.keys()
    outputs = list(shown.values())
    assert max(map(outputs.count, set(outputs))) < 200
    assert lesson_of(task, Cell(task=task.name, size=16, seed=0)).split().held


def test_there_are_enough_tasks_and_none_comes_along() -> None:
    from skillweave.agent.nano.adapters.tasks import TASKS as KNOWN

    names = {task.name for task in TASKS}
    assert len(names) == len(TASKS) >= 10
    assert not names & KNOWN.keys()


@pytest.fixture
def two_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teach_bench, "TASKS", TASKS[:2])
    monkeypatch.setattr(teach_bench, "PLANNING", 2)


@pytest.mark.usefixtures("two_tasks")
def test_a_stopped_run_goes_on_and_counts_the_same(tiny_nano: Path, tmp_path: Path) -> None:
    cells = grid((16,), (0,), ("none",))

    def run(minutes: float) -> tuple[TeachFigures, list[str]]:
        done: list[str] = []
        bench = Bench(base_of(str(tiny_nano)), tmp_path, 10, LIMITS)
        figures = run_teach(bench, cells, command="x", minutes=minutes, on_done=done.append)
        return figures, done

    stopped, done = run(0.0)
    assert (stopped.missing, stopped.trials, done) == (2, (), [])
    whole, done = run(60)
    assert whole.missing == 0
    assert [trial.cell for trial in whole.trials] == cells
    assert {m.how for m in whole.mixed} == set(teach_bench.HOWS)
    assert whole.kept.identical_after == whole.kept.requests == 2
    (share,) = whole.by_size
    assert (share.size, share.tasks, share.trials) == (16, 2, 2)
    with (tmp_path / "trials.jsonl").open("a") as file:
        file.write('{"cell": {"ta')
    again, _ = run(60)
    assert again.trials == whole.trials
    assert again.mixed == whole.mixed
    other = Bench(base_of(str(tiny_nano)), tmp_path, 11, LIMITS)
    with pytest.raises(UserError, match="another --work"):
        run_teach(other, cells, command="x", minutes=1)

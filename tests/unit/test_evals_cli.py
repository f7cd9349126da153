"""`skillweave eval`, with the agent and the starts replaced by scripted ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from skillweave.agent.result import Result
from skillweave.evals import cli
from skillweave.evals.latency import Latency, Start, measure
from skillweave.evals.records import LatencyFigures, WorkbenchFigures


class Solver:
    """Says 4 to everything."""

    def run(self, task: str) -> Result:
        return Result(run="r", task=task, outcome="solved", answer="4", value=4)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_model(name: str, _: object) -> AbstractContextManager[SimpleNamespace]:
        return nullcontext(SimpleNamespace(name=name, base_hash="abc"))

    def agent(**_: object) -> AbstractContextManager[Solver]:
        return nullcontext(Solver())

    monkeypatch.setattr("skillweave.agent.models.open_model", open_model)
    monkeypatch.setattr("skillweave.agent.api.Agent", agent)


@pytest.mark.usefixtures("scripted")
def test_tasks_writes_a_figure_file(tmp_path: Path) -> None:
    tasks = [{"task": "2 and 2", "expected": 4, "min_steps": 2}, {"task": "poem", "sort": "beyond"}]
    file = tmp_path / "tasks.jsonl"
    file.write_text("".join(json.dumps(task) + "\n" for task in tasks))
    out = tmp_path / "figures" / "workbench.json"
    said = CliRunner().invoke(cli.app, ["tasks", "--file", str(file), "--out", str(out)])
    assert said.exit_code == 0, said.output
    figures = WorkbenchFigures.model_validate_json(out.read_text())
    assert figures.right == {"steps": 1, "beyond": 0, "talk": 0}
    assert figures.base_hash == "abc"
    assert figures.machine.cores >= 1
    assert "1 of 1 steps, 0 of 1 beyond" in said.stderr


def test_figures_writes_to_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: str, requests: Sequence[str]) -> Start:
        return Start(ready=2.0, task=(1.0,) * len(requests))

    def measured(model: str, repeats: int, on_start: Callable[[Start], None]) -> Latency:
        return measure(model, repeats, start=start, on_start=on_start)

    monkeypatch.setattr(cli, "measure", measured)
    said = CliRunner().invoke(cli.app, ["figures", "--repeats", "2"])
    assert said.exit_code == 0, said.output
    figures = LatencyFigures.model_validate_json(said.stdout)
    assert figures.latency.ready.count == 2
    assert figures.latency.task.count == 6

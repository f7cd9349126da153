"""Benches in the runner's list, folders and report; their command is a scripted one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.evals import benches, cli
from skillweave.evals.benches import BENCHES, Bench, BenchError, benches_in, run_bench, tables_of
from skillweave.evals.running import write_report
from skillweave.skills.errors import UserError

FIGURES = {
    "command": "skillweave eval made-up",
    "machine": {"cores": 2},
    "rows": [
        {"model": "a", "times": {"median": 1.5, "least": 1}, "same": True},
        {"model": "b<c", "rate": {"share": 0.5}, "runs": [1, 2]},
    ],
    "growth": [{"solved": 10, "rows": [{"name": "all", "hit": {"mean": 0.25}}, {"name": "none"}]}],
    "notes": ["a note"],
}
BENCH = Bench(name="made-up", about="nothing", arguments=("made-up",), reads_data=True)
WRITES = f"""
import sys
from pathlib import Path
file = Path(sys.argv[sys.argv.index("--out") + 1])
file.write_text({json.dumps(json.dumps(FIGURES))})
file.with_name("plot.svg").write_text("<svg/>")
file.with_name("said.txt").write_text(" ".join(sys.argv[1:]))
"""


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benches, "PROGRAM", (sys.executable, "-c", WRITES))


def test_lists_of_objects_are_tables() -> None:
    rows, growth = tables_of(json.loads(json.dumps(FIGURES)))
    assert (rows.title, rows.columns) == ("rows", ("model", "times", "same", "rate"))
    assert rows.rows == (("a", 1.5, "True", None), ("b<c", None, None, 0.5))
    assert growth.columns == ("solved", "name", "hit")
    assert growth.rows == ((10, "all", 0.25), (10, "none", None))


@pytest.mark.usefixtures("writes")
def test_a_bench_runs_once_and_is_reported(tmp_path: Path) -> None:
    home = tmp_path / "made-up"
    found = run_bench(BENCH, home, tmp_path, resume=False)
    assert found.manifest.command == "skillweave eval made-up"
    assert sorted(file.name for file in home.iterdir()) == [
        "bench.json", "figures.json", "plot.svg", "said.txt",
    ]  # fmt: skip
    assert f"--data {tmp_path}" in (home / "said.txt").read_text()
    with pytest.raises(UserError, match="--resume goes on"):
        run_bench(BENCH, home, None, resume=False)
    made = found.manifest.made
    assert run_bench(BENCH, home, None, resume=True).manifest.made == made
    assert [one.manifest.name for one in benches_in(tmp_path)] == ["made-up"]
    page = write_report(tmp_path).read_text()
    assert "<td>b&lt;c</td>" in page
    assert "a note" in page
    assert "| 10 | all | 0.25 |" in (tmp_path / "report.md").read_text()


def test_a_bench_that_fails_leaves_no_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benches, "PROGRAM", ("false",))
    with pytest.raises(BenchError, match="ended with 1 and no figures"):
        run_bench(BENCH, tmp_path / "made-up", None, resume=False)
    assert not benches_in(tmp_path)


@pytest.mark.usefixtures("writes")
def test_the_command_runs_benches_beside_suites(tmp_path: Path) -> None:
    said = CliRunner().invoke(cli.app, ["run", "serving", "--out", str(tmp_path)])
    assert said.exit_code == 0, said.output
    assert (tmp_path / "serving" / "report.html").is_file()
    assert "--size 12m" in (tmp_path / "serving" / "said.txt").read_text()
    listed = CliRunner().invoke(cli.app, ["list"])
    assert all(f"{name}: " in listed.stdout for name in BENCHES)

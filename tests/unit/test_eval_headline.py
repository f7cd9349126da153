"""The README's table of figures: made from committed files, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.evals import cli
from skillweave.evals.headline import in_readme, render
from skillweave.evals.journal import Journal
from skillweave.evals.kept import keep, kept_in
from skillweave.evals.machine import this_machine
from skillweave.evals.manifest import Limits, Manifest, Plan
from skillweave.evals.paths import at, number
from skillweave.evals.record import Record
from skillweave.evals.suite import LIBRARY, NONE, Loaded, Sample, Score, Suite
from skillweave.evals.summary import summarise
from skillweave.skills.errors import UserError

SAMPLES = tuple(Sample(id=f"s{n}", request="r", family="f") for n in range(10))
SUITE = Suite(
    name="sums",
    about="sums",
    arms=(NONE, LIBRARY),
    load=lambda _: Loaded(samples=SAMPLES, files={}),
    score=lambda _, __: Score(value=1.0),
)


def run_of(folder: Path, *, tried: int = 10, error: bool = False) -> Path:
    """A run in which the arm without skills solves one sample, and the library solves all."""
    limits = Limits(max_steps=1, max_tokens=1, max_seconds=1)
    plan = Plan(suite="sums", arms=("none", "library"), seeds=(0,), model="m", limits=limits)
    manifest = Manifest(
        plan=plan, samples="", count=10, data={}, library="", skills=0, parallel=1, model_hash="",
        sources=("a",), machine=this_machine(), command="skillweave eval run sums", made="today",
    )  # fmt: skip
    journal = Journal(folder / "sums")
    journal.write("manifest.json", manifest)
    for arm in ("none", "library"):
        for n, sample in enumerate(SAMPLES[:tried]):
            failed = error and n == 0
            score = None if failed else float(arm == "library" or n == 0)
            journal.append(
                Record(
                    arm=arm, seed=0, sample=sample.id, family="f", score=score,
                    status="error" if failed else "scored",
                )
            )  # fmt: skip
    summary = summarise(SUITE, SUITE.arms, (0,), SAMPLES, journal.records())
    journal.write("summary.json", summary)
    return folder


def test_a_complete_run_is_kept_and_told(tmp_path: Path) -> None:
    figures = tmp_path / "figures"
    (path,) = keep(run_of(tmp_path / "run"), figures)
    assert path == figures / "suites" / "sums.json"
    (kept,) = kept_in(figures)
    assert kept.manifest.command == "skillweave eval run sums"
    block = render(figures)
    assert "| sums | 10 x 1 | 10.0 % | 100.0 % (library) | +90.0 (" in block


@pytest.mark.parametrize(
    ("options", "why"), [({"tried": 9}, "not complete"), ({"error": True}, "2 trials")]
)
def test_what_is_not_whole_is_not_kept(tmp_path: Path, options: dict[str, int], why: str) -> None:
    run_of(tmp_path / "run", **options)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=why):
        keep(tmp_path / "run", tmp_path / "figures")
    assert not (tmp_path / "figures").exists()


def test_the_command_changes_what_is_stale_and_says_so(tmp_path: Path) -> None:
    figures, readme = tmp_path / "figures", tmp_path / "README.md"
    figures.mkdir()
    rate = {"share": 0.93, "low": 0.86, "high": 0.97}
    report = {"report": {"sound_admitted": rate, "faulty_kept_out": rate}}
    (figures / "gate.json").write_text(json.dumps(report))
    readme.write_text("# A\n<!-- figures -->\nold\n<!-- /figures -->\nend\n")
    arguments = ["headline", "--readme", str(readme), "--figures", str(figures)]
    runner = CliRunner()
    stale = runner.invoke(cli.app, [*arguments, "--check"])
    assert isinstance(stale.exception, UserError)
    assert "stale" in str(stale.exception)
    assert "old" in readme.read_text()
    assert runner.invoke(cli.app, arguments).exit_code == 0
    text = readme.read_text()
    assert "| faulty candidates kept out by the gate | 93.0 % (86 to 97) | `gate.json` |" in text
    assert text.startswith("# A\n")
    assert text.endswith("-->\nend\n")
    assert runner.invoke(cli.app, [*arguments, "--check"]).exit_code == 0


def test_a_readme_without_a_place_and_figures_without_a_number() -> None:
    with pytest.raises(UserError, match="no place for figures"):
        in_readme("# A", "block")
    assert at([{"a": [1, 2]}], "0.a.-1") == 2
    for path in ("1", "0.b", "[a=3]", "0.a.5"):
        with pytest.raises(UserError, match="nothing at"):
            at([{"a": [1, 2]}], path)
    with pytest.raises(UserError, match="no number"):
        number({"a": True}, "a")

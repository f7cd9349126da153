"""Comparisons, tables and charts from made-up records; the laws of composition."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.agent.result import Result
from skillweave.evals import cli
from skillweave.evals.beat import Beat
from skillweave.evals.charts import Bar, Dot, Group, Line, bars, curves, scatter
from skillweave.evals.compare import compare
from skillweave.evals.journal import Journal
from skillweave.evals.machine import this_machine
from skillweave.evals.manifest import Limits, Manifest, Plan
from skillweave.evals.record import Record
from skillweave.evals.report import html
from skillweave.evals.runs import SuiteRun, runs_in
from skillweave.evals.sources import data_folder, file_hash
from skillweave.evals.suite import LIBRARY, NONE, RANDOM, Loaded, Sample, Score, Suite
from skillweave.evals.suites import SUITES
from skillweave.evals.suites.compose import level_rows, single_success
from skillweave.evals.summary import by_sample, summarise
from skillweave.evals.tables import comparison_table, markdown
from skillweave.skills.builtin import builtin_root
from skillweave.skills.errors import UserError

ARMS = (LIBRARY, NONE, RANDOM)
SAMPLES = tuple(
    Sample(id=f"s{n:02}", request=f"task {n}", family="odd" if n % 2 else "even") for n in range(20)
)


def load(_: Path | None) -> Loaded:
    return Loaded(samples=SAMPLES, files={})


def score(_: Sample, result: Result) -> Score:
    return Score(value=float(result.outcome == "solved"))


SUITE = Suite(name="made-up", about="numbers | pipes", arms=ARMS, load=load, score=score)


def record(arm: str, sample: str, value: float | None, seed: int = 0) -> Record:
    status = "error" if value is None else "scored"
    return Record(
        arm=arm, seed=seed, sample=sample, family="odd", status=status, score=value, tokens=7
    )  # fmt: skip


def run_of(folder: Path, right: dict[str, int], *, model: str = "m", errors: int = 0) -> SuiteRun:
    """A run on disk in which the first ``right`` samples of an arm succeed and the last are errors."""
    limits = Limits(max_steps=1, max_tokens=1, max_seconds=1)
    manifest = Manifest(
        plan=Plan(suite="made-up", arms=tuple(right), seeds=(0,), model=model, limits=limits),
        samples="", count=20, data={}, library="", skills=0, parallel=1, model_hash="",
        sources=("a",), machine=this_machine(), command="skillweave eval", made="today",
    )  # fmt: skip
    journal = Journal(folder)
    journal.write("manifest.json", manifest)
    records = [
        record(arm, sample.id, None if n >= 20 - errors else float(n < count))
        for arm, count in right.items()
        for n, sample in enumerate(SAMPLES)
    ]
    for one in records:
        journal.append(one)
    arms = [arm for arm in ARMS if arm.name in right]
    journal.write("summary.json", summarise(SUITE, arms, (0,), SAMPLES, journal.records()))
    (found,) = runs_in(folder)
    return found


def test_a_regression_is_found_and_chance_is_not(tmp_path: Path) -> None:
    before = run_of(tmp_path / "a", {"library": 18, "none": 5, "random": 5})
    after = run_of(tmp_path / "b", {"library": 4, "none": 6, "random": 5}, model="n")
    library, none, random = compare([before], [after])
    assert (library.change, none.change, random.change) == (
        "worse", "no change shown", "no change shown",
    )  # fmt: skip
    assert (library.before, library.after, len(library.lost)) == (0.9, 0.2, 14)
    assert none.won == ("s05",)
    assert library.paired.p < library.p_holm < 0.05
    assert library.warnings == ("the model differ",)
    assert compare([after], [before])[0].change == "better"
    assert "| made-up | library | 90.0 % | 20.0 % | -70.0 |" in markdown(
        comparison_table([library])
    )


def test_errors_are_no_evidence_for_a_change(tmp_path: Path) -> None:
    before = run_of(tmp_path / "a", {"library": 20})
    after = run_of(tmp_path / "b", {"library": 20}, errors=12)
    (library,) = compare([before], [after])
    assert (library.paired.pairs, library.left_out, library.change) == (8, 12, "no change shown")
    assert after.summary.arms[0].score == 8 / 20
    assert "12 trials ended in an error" in html([after])


def test_runs_without_anything_in_common(tmp_path: Path) -> None:
    before = run_of(tmp_path / "a", {"library": 1})
    with pytest.raises(UserError, match="in common"):
        compare([before], [run_of(tmp_path / "b", {"none": 1})])
    with pytest.raises(UserError, match="holds no finished run"):
        runs_in(tmp_path / "c")


def test_the_commands_compare_and_report(tmp_path: Path) -> None:
    run_of(tmp_path / "a" / "made-up", {"library": 18})
    run_of(tmp_path / "b" / "made-up", {"library": 2})
    runner = CliRunner()
    said = runner.invoke(cli.app, ["compare", str(tmp_path / "a"), str(tmp_path / "b")])
    assert said.exit_code == 3
    assert "regression: made-up, arm library" in said.stderr
    assert "lost s02, s03" in said.stdout
    same = runner.invoke(cli.app, ["compare", str(tmp_path / "a"), str(tmp_path / "a")])
    assert same.exit_code == 0
    assert runner.invoke(cli.app, ["report", str(tmp_path / "a")]).exit_code == 0
    assert "numbers | pipes" in (tmp_path / "a" / "report.html").read_text()
    assert "| library | 90.0 % |" in (tmp_path / "a" / "report.md").read_text()


def test_the_commands_list_and_run_name_what_is_wrong(tmp_path: Path) -> None:
    runner = CliRunner()
    said = runner.invoke(cli.app, ["list"])
    assert said.exit_code == 0
    assert all(f"{name}: " in said.stdout for name in SUITES)
    assert "no data: no data folder is named" in said.stdout
    wrong = runner.invoke(cli.app, ["run", "workbenches", "--out", str(tmp_path)])
    assert isinstance(wrong.exception, UserError)
    assert "there is no suite 'workbenches'" in str(wrong.exception)
    lost = runner.invoke(cli.app, ["run", "bfcl", "--data", str(tmp_path), "--out", str(tmp_path)])
    assert "holds no bfcl" in str(lost.exception)


def test_data_comes_from_the_option_or_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert data_folder(None) is None
    monkeypatch.setenv("SKILLWEAVE_DATA", str(tmp_path))
    assert data_folder(None) == tmp_path
    with pytest.raises(UserError, match="no such folder"):
        data_folder(tmp_path / "missing")
    (tmp_path / "file").write_bytes(b"")
    assert file_hash(tmp_path / "file").startswith("e3b0c44298fc1c14")


def test_seeds_of_one_sample_are_one_trial() -> None:
    records = [record("a", "s1", 1.0), record("a", "s1", 0.0, seed=1), record("a", "s2", None)]
    assert by_sample(records) == {"s1": 0.5, "s2": 0.0}
    assert by_sample(records, errors=False) == {"s1": 0.5}


def test_several_seeds_have_a_table_of_their_own(tmp_path: Path) -> None:
    made = run_of(tmp_path, {"library": 3})
    records = [record("library", s.id, float(seed == 1), seed) for s in SAMPLES for seed in (0, 1)]
    found = summarise(SUITE, (LIBRARY,), (0, 1), SAMPLES, {one.key: one for one in records})
    assert found.arms[0].by_seed == (0.0, 1.0)
    page = html([replace(made, summary=found)])
    assert "<td>library</td><td>0.0 %</td><td>100.0 %</td><td>+100.0</td>" in page
    assert "<h3>Seeds</h3>" not in html([made])


def test_progress_is_said_now_and_then() -> None:
    said: list[str] = []
    now = 0.0
    beat = Beat("s", said.append, clock=lambda: now)
    beat.begin(100, 40)
    for _ in range(20):
        now += 4
        beat.one()
    assert said == ["s: 48 of 100, about 3 min left", "s: 56 of 100, about 3 min left"]


def level(sample: str, k: int, value: float, *tried: str) -> Record:
    return record("library", sample, value).model_copy(update={"level": k, "tried": tried})


def test_the_laws_of_composition() -> None:
    def some(n: int) -> list[Record]:
        ones = [level(f"a{i}", 1, 1.0, "add") for i in range(n)]
        ones += [level(f"s{i}", 1, float(i % 2), "sub") for i in range(n)]
        twos = [level(f"t{i}", 2, float(i % 4 > 0), "add", "sub") for i in range(n)]
        return [*ones, *twos, level("u", 2, 0.0, "add", "mul")]

    assert single_success(some(4)) == {"add": 1.0, "sub": 0.5}
    one, two = level_rows("library", some(12))
    assert one[1:4] == (1, 24, 0.75)
    assert one[6:] == (None,) * 6
    assert two[1:3] == (2, 13)
    assert two[6:] == (0.5625, "yes", 12, 0.75, 0.5, "no")
    assert level_rows("library", some(4))[1][6:] == (0.5625, "too few", 4, 0.75, 0.5, "too few")


@pytest.mark.parametrize("name", ["workbench", "compose", "adapters"])
def test_the_suites_that_come_with_the_package(name: str) -> None:
    loaded = SUITES[name].load(None)
    assert len({sample.id for sample in loaded.samples}) == len(loaded.samples) >= 100
    assert SUITES[name].reference in [arm.name for arm in SUITES[name].arms]
    sample = next(s for s in loaded.samples if s.expected is not None)
    right = Result(run="r", task="t", outcome="solved", answer="", value=sample.expected)
    wrong = Result(run="r", task="t", outcome="solved", answer="", value="surely not")
    assert SUITES[name].score(sample, right) == Score(value=1.0)
    missed = SUITES[name].score(sample, wrong)
    assert (missed.value, "surely not" in missed.note) == (0.0, True)


def test_an_oracle_knows_skills_that_exist() -> None:
    loaded = SUITES["compose"].load(None)
    known = {file.parent.name for file in builtin_root().glob("*/SKILL.md")}
    named = {name for sample in loaded.samples for name in sample.right or ()}
    assert len(named) > 80
    assert named <= known
    beyond = [s for s in SUITES["workbench"].load(None).samples if s.family == "beyond"]
    assert {sample.right for sample in beyond} == {()}


def drawings() -> Sequence[str]:
    bar = Bar("a<b", 0.4, 0.2, 0.6, "a & b")
    return (
        bars([Group("one", [bar]), Group("none", [])], ["a<b"]),
        curves([Line("a<b", [1, 2], [0.5, 1])], ["a<b"], shares=True, unit="samples"),
        curves([Line("a<b", [], [])], ["a<b"], shares=False, unit="samples"),
        scatter([Dot("a<b", 0, 0.5, 0.4, 0.6), Dot("c", 9, 1, 0.9, 1)], ["a<b", "c"], "tokens"),
        scatter([], [], "tokens"),
    )


@pytest.mark.parametrize("drawing", drawings())
def test_drawings_are_well_formed(drawing: str) -> None:
    root = ET.fromstring(drawing)
    numbers = [float(e.attrib["x"]) for e in root.iter() if "x" in e.attrib]
    assert all(0 <= x <= 760 for x in numbers)


class Balance(HTMLParser):
    """Counts tags that are opened and not closed."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed(tmp_path: Path) -> None:
    parser = Balance()
    parser.feed(html([run_of(tmp_path, {"library": 3, "none": 1})]))
    assert parser.open == []

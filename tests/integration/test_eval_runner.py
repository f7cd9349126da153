"""The runner with a scripted model and real library, sandbox and graph: arms, mishaps, resumption.

Run as a program (``test_eval_runner.py FOLDER KILL_AFTER [PROCESSES]``) it runs the suite, or goes on
with it, and kills itself; ``test_eval_runner.py worker`` is one of the processes of such a run.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from skillweave.agent import Literal, Plan, Ref, Settings, Step
from skillweave.agent.budget import out_of_time
from skillweave.agent.profiles.scripted import ScriptedProfile, script
from skillweave.agent.result import Result
from skillweave.agent.scripted import ScriptedModel
from skillweave.evals.journal import Journal
from skillweave.evals.judge import same
from skillweave.evals.manifest import Manifest
from skillweave.evals.order import chosen, in_order
from skillweave.evals.processes import Job, WorkerError, shares
from skillweave.evals.record import Key, Record
from skillweave.evals.report import html, in_markdown
from skillweave.evals.runner import Asked, run_suite
from skillweave.evals.runs import runs_in
from skillweave.evals.suite import EVERYDAY, Arm, Loaded, Sample, Score, Seen, Suite
from skillweave.evals.summary import ArmFigures, Summary
from skillweave.evals.worker import Opened, serve
from skillweave.evals.working import Trial, streams_of
from skillweave.evals.workplace import Bench, status_of
from skillweave.skills.drop import WrappedSkill, wrap
from skillweave.skills.errors import UserError
from skillweave.skills.sandbox import Sandbox
from skillweave.store.embed import HashEmbedder

TOOLS = {
    "count_words": ("count the words in", "(text: str) -> int", "len(text.split())", '"a b"', "2"),
    "shout_text": ("shout out the text", "(text: str) -> str", "text.upper()", '"a"', "'A'"),
    "mirror_text": ("mirror the text", "(text: str) -> str", "text[::-1]", '"ab"', "'ba'"),
    "first_word": (
        "give the first word of",
        "(text: str) -> str",
        "text.split()[0]",
        '"a b"',
        "'a'",
    ),
    "halve_text": (
        "cut off half of",
        "(text: str) -> str",
        "text[: len(text) // 2]",
        '"ab"',
        "'a'",
    ),
}


def step(number: int, goal: str, value: Literal | Ref) -> Step:
    return Step(id=number, goal=f"{goal} {{}}", inputs=(value,))


def plan(*goals: str, text: str = "one two three") -> Plan:
    values: list[Literal | Ref] = [Literal(text=text)]
    values += [Ref(step=n) for n in range(1, len(goals))]
    numbered = enumerate(zip(goals, values, strict=True), 1)
    return Plan(steps=tuple(step(n, goal, value) for n, (goal, value) in numbered))


COUNT, SHOUT, MIRROR, FIRST = (TOOLS[name][0] for name in list(TOOLS)[:4])
SAMPLES = (
    Sample(id="count", request="count", family="one", expected=3, right=("count-words",)),
    Sample(id="shout", request="shout", family="one", expected="ONE TWO THREE"),
    Sample(id="mirror", request="mirror", family="one", expected="eerht owt eno"),
    Sample(id="first-shout", request="first-shout", family="two", level=2, expected="ONE"),
    Sample(id="first-mirror", request="first-mirror", family="two", level=2, expected="eno"),
    Sample(id="unanswered", request="unanswered", family="odd", expected=1),
    Sample(id="garbage", request="garbage", family="odd", expected=1),
    Sample(id="long", request="long", family="odd", expected=1),
    Sample(id="unjudged", request="unjudged", family="odd", expected=3),
)
ANSWERS: dict[str, str | Plan] = {
    "plan: count": plan(COUNT),
    "plan: shout": plan(SHOUT),
    "plan: mirror": plan(MIRROR),
    "plan: first-shout": plan(FIRST, SHOUT),
    "plan: first-mirror": plan(FIRST, MIRROR),
    "plan: garbage": "as an endpoint I would rather talk",
    "plan: long": plan(*[FIRST] * 5),
    "plan: unjudged": plan(COUNT),
}
ODD = {"unanswered": "error", "garbage": "garbage", "long": "budget", "unjudged": "error"}


def tools(folder: Path) -> list[WrappedSkill]:
    """The tools as files; several processes may write them at once."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for name, (words, head, body, given, gives) in TOOLS.items():
        file = folder / f"{name}.py"
        example = f">>> {name}({given})\n    {gives}"
        part = folder / f"{name}.{os.getpid()}"
        part.write_text(
            f'def {name}{head}:\n    """{words.capitalize()}.\n\n    {example}\n    """\n'
            f"    return {body}\n"
        )
        part.replace(file)
        found += wrap(file)
    return found


def score(sample: Sample, result: Result) -> Score:
    if sample.id == "unjudged":
        raise ZeroDivisionError("the scorer fell over")
    right = result.outcome == "solved" and same(result.value, sample.expected)
    return Score(value=float(right))


def nothing(_: Path | None) -> Loaded:
    return Loaded(samples=(), files={})


TRIALS = {Key(a.name, 0, s.id) for a in EVERYDAY for s in SAMPLES if a.takes(s)}
SUITE = Suite(name="texts", about="five texts", arms=EVERYDAY, load=nothing, score=score)


def work_for(job: Job) -> AbstractContextManager[Opened]:
    """What a process of a run opens: the scripted model, in the folder of that run."""

    @contextmanager
    def opened() -> Iterator[Opened]:
        with bench(job.folder.parent) as (made, loaded):
            yield Opened(made, SUITE, loaded)

    return opened()


@contextmanager
def bench(folder: Path) -> Iterator[tuple[Bench, Loaded]]:
    settings = Settings.load(state_dir=folder / "state", min_match=0.5, max_steps=4)
    model, profile = ScriptedModel(script(ANSWERS)), ScriptedProfile()
    loaded = Loaded(samples=SAMPLES, files={"texts": "0"}, skills=tools(folder / "tools"))
    with Sandbox.open() as sandbox:
        yield Bench(model, settings, profile, sandbox, HashEmbedder()), loaded


def run(
    folder: Path,
    kill_after: int | None = None,
    *,
    again: bool = False,
    arms: tuple[str, ...] = (),
    processes: int = 1,
) -> Summary:
    """Run the suite, or go on with it; the process dies when that many records were written."""
    left = [kill_after]

    def count(_: Record) -> None:
        if left[0] is not None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    with bench(folder) as (made, loaded):
        results = folder / "results"
        resume = Journal(results).begun
        asked = Asked(
            model="scripted", resume=resume, again=again, arms=arms, parallel=3,
            processes=processes, worker=(sys.executable, __file__, "worker"),
        )  # fmt: skip
        return run_suite(SUITE, loaded, made, asked, results, on_record=count)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder)
    return folder


@pytest.fixture(scope="module")
def records(whole: Path) -> dict[Key, Record]:
    return Journal(whole / "results").records()


def arm(summary: Summary, name: str) -> ArmFigures:
    return next(one for one in summary.arms if one.arm == name)


def read(folder: Path) -> Summary:
    return Summary.model_validate_json((folder / "results" / "summary.json").read_text())


def test_every_sample_of_every_arm_has_one_record_and_a_trace(
    whole: Path, records: dict[Key, Record]
) -> None:
    assert set(records) == TRIALS
    assert len((whole / "results" / "results.jsonl").read_text().splitlines()) == len(records)
    for record in records.values():
        lines = (whole / "results" / record.trace).read_text().splitlines()
        assert json.loads(lines[0])["task"] == record.request


def test_arms_differ_by_what_the_agent_finds(records: dict[Key, Record]) -> None:
    fair = [sample for sample in SAMPLES if sample.id not in ODD]
    made = {a.name: [Key(a.name, 0, s.id) for s in fair if a.takes(s)] for a in EVERYDAY}
    solved = {name: [records[key].success for key in keys] for name, keys in made.items()}
    for name in ("library", "grown", "trajectories"):
        assert solved[name] == [1.0] * len(fair)
    for name in ("none", "random", "wrong"):
        assert sum(solved[name]) == 0
    assert solved["oracle"] == [1.0]
    assert records[Key("oracle", 0, "count")].skills == ("count-words",)
    assert records[Key("none", 0, "count")].outcome == "declined"
    assert records[Key("random", 0, "count")].tried
    assert "count-words" not in records[Key("random", 0, "count")].tried
    assert "count-words" not in records[Key("wrong", 0, "count")].tried


def test_mishaps_are_counted_as_such(whole: Path, records: dict[Key, Record]) -> None:
    for name, status in ODD.items():
        record = records[Key("library", 0, name)]
        assert record.status == status
        assert record.success == 0
        assert record.note
        assert (record.score is None) == (status == "error")
    assert "no answer" in records[Key("library", 0, "unanswered")].note
    assert "ZeroDivisionError" in records[Key("library", 0, "unjudged")].note
    counted = arm(read(whole), "library").statuses
    assert counted == {"scored": 5, "budget": 1, "timeout": 0, "garbage": 1, "error": 2}


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (f"Stopped: {out_of_time(Settings.load())}.", "timeout"),
        ("Stopped: the run used more than 9 tokens (max_tokens = 9).", "budget"),
        ("Stopped working, said the tool.", "scored"),
    ],
)
def test_limits_are_told_apart(answer: str, status: str) -> None:
    result = Result(run="r", task="t", outcome="failed", answer=answer)
    assert status_of(result) == status


def test_figures_of_the_run(whole: Path) -> None:
    summary = read(whole)
    library = arm(summary, "library")
    assert (library.score, library.missing, summary.complete) == (5 / 9, 0, True)
    assert library.low < 5 / 9 < library.high
    differences = {one.arm: one for one in summary.differences}
    none = differences["none"]
    assert (none.paired.pairs, none.paired.losses, none.left_out) == (7, 5, 2)
    assert none.paired.p == 0.0625 < none.p_holm
    assert differences["grown"].paired.difference == 0
    assert {one.family for one in summary.families} == {"one", "two", "odd"}


def test_growing_arms_learn_and_others_do_not(whole: Path) -> None:
    summary = read(whole)
    assert [arm(summary, name).learned for name in ("grown", "library")] == [2, 0]
    curve = next(one for one in summary.curves if one.arm == "grown")
    assert (curve.tried[-1], curve.score[-1], curve.learned[-1]) == (9, 5 / 9, 2)


def test_a_raw_trajectory_is_an_experience(records: dict[Key, Record]) -> None:
    kept = [r for r in records.values() if r.arm == "trajectories" and r.outcome == "solved"]
    assert len(kept) == 6
    assert not any(record.new_skills for record in kept)


@pytest.mark.parametrize("after", [20, 40])
def test_a_run_that_was_killed_goes_on_to_the_same_summary(
    whole: Path, tmp_path: Path, after: int
) -> None:
    """Among the arms that run side by side, and in one that grows."""
    command = [sys.executable, __file__, str(tmp_path), str(after)]
    died = subprocess.run(command, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    results = tmp_path / "results" / "results.jsonl"
    with results.open("a") as file:
        file.write('{"arm": "libr')
    begun = [line for line in results.read_text().split("\n")[:-1] if line]
    assert after <= len(begun) < len(TRIALS)
    run(tmp_path)
    summary = (tmp_path / "results" / "summary.json").read_bytes()
    assert summary == (whole / "results" / "summary.json").read_bytes()
    assert len(results.read_text().splitlines()) == len(TRIALS)


def test_a_process_that_dies_is_told_and_loses_nothing(tmp_path: Path) -> None:
    with bench(tmp_path) as (made, loaded):
        dies = Asked(model="scripted", arms=("library",), processes=2, worker=("false",))
        with pytest.raises(WorkerError, match=r"process \d of this run failed.*--resume goes on"):
            run_suite(SUITE, loaded, made, dies, tmp_path / "results")


def test_streams_stay_whole_and_shares_are_even() -> None:
    arms = [one for one in EVERYDAY if one.name in ("library", "grown", "trajectories")]
    trials = [Trial(a, seed, s) for a in arms for seed in (0, 1) for s in SAMPLES]
    found = shares(trials, 3)
    assert sorted(map(str, (t.key for share in found for t in share))) == sorted(
        str(trial.key) for trial in trials
    )
    assert max(map(len, found)) - min(map(len, found)) <= len(SAMPLES)
    for stream in streams_of(trials):
        (home,) = [share for share in found if stream[0] in share]
        assert [t for t in home if t in stream] == stream


def test_errors_are_tried_again_only_when_asked(tmp_path: Path) -> None:
    first = run(tmp_path, arms=("library",))
    results = tmp_path / "results" / "results.jsonl"
    before = results.read_text()
    assert run(tmp_path, arms=("library",)) == first
    assert results.read_text() == before
    assert run(tmp_path, arms=("library",), again=True) == first
    kept = [line for line in before.splitlines() if '"error"' not in line]
    assert set(kept) < set(results.read_text().splitlines())
    assert len(results.read_text().splitlines()) == len(SAMPLES)


def test_a_folder_with_results_is_not_written_over(whole: Path) -> None:
    with bench(whole) as (made, loaded):
        results = whole / "results"
        with pytest.raises(UserError, match="--resume goes on with it"):
            run_suite(SUITE, loaded, made, Asked(model="scripted"), results)
        other = Asked(model="scripted", resume=True, limit=2)
        with pytest.raises(UserError, match="differs in: plan, samples"):
            run_suite(SUITE, loaded, made, other, results)
        with Journal(results).held(), pytest.raises(UserError, match="another run"):
            run_suite(SUITE, loaded, made, Asked(model="scripted", resume=True), results)
        with pytest.raises(UserError, match="no arm 'best'"):
            run_suite(SUITE, loaded, made, Asked(model="scripted", arms=("best",)), results)


def test_a_run_that_ran_out_of_time_says_what_is_missing(tmp_path: Path) -> None:
    with bench(tmp_path) as (made, loaded):
        asked = Asked(model="scripted", stop_after=0.0, arms=("library", "grown"))
        summary = run_suite(SUITE, loaded, made, asked, tmp_path / "results")
    assert not summary.complete
    assert [one.missing for one in summary.arms] == [9, 9]
    page = html(runs_in(tmp_path / "results"))
    assert "not complete" in page
    assert "9 not run" in page


def test_an_arm_that_is_tried_once_stands_for_every_seed(tmp_path: Path) -> None:
    with bench(tmp_path) as (made, loaded):
        asked = Asked(
            model="scripted", seeds=(3, 4), arms=("library", "grown"), once=("library",), limit=2
        )
        summary = run_suite(SUITE, loaded, made, asked, tmp_path / "results")
    made_of = [key.seed for key in Journal(tmp_path / "results").records() if key.arm == "library"]
    assert made_of == [3, 3]
    assert summary.complete
    assert len(set(arm(summary, "library").by_seed)) == 1


def test_a_person_who_was_answered_wrongly_may_add_a_skill(tmp_path: Path) -> None:
    seen: list[tuple[str, str, float]] = []

    def after(one: Seen) -> tuple[str, ...]:
        seen.append((one.arm.name, one.sample.id, one.score.value))
        return ("shown",) if not one.score.value else ()

    suite = replace(SUITE, after=after)
    with bench(tmp_path) as (made, loaded):
        asked = Asked(model="scripted", arms=("library", "grown"))
        run_suite(suite, loaded, made, asked, tmp_path / "results")
    records = Journal(tmp_path / "results").records()
    assert {name for name, _, _ in seen} == {"grown"}
    for _, sample, value in seen:
        assert ("shown" in records[Key("grown", 0, sample)].new_skills) == (not value)


def test_the_manifest_says_what_was_run(whole: Path) -> None:
    text = (whole / "results" / "manifest.json").read_text()
    manifest = Manifest.model_validate_json(text)
    assert manifest.plan.arms == tuple(one.name for one in EVERYDAY)
    assert (manifest.count, manifest.skills, manifest.data) == (9, 5, {"texts": "0"})
    assert manifest.plan.limits.max_steps == 4
    assert len(manifest.sources) == 1
    assert manifest.machine.versions["pydantic"]


def test_the_report_needs_nothing_but_itself(whole: Path) -> None:
    runs = runs_in(whole / "results")
    page = html(runs)
    assert page.count("<svg") == 4
    assert page.count('<details class="sample">') == len(SAMPLES)
    for outside in ("http://", "https://", "<script", "<link", "<img"):
        assert outside not in page.replace("http://www.w3.org/2000/svg", "")
    assert "ZeroDivisionError: the scorer fell over" in page
    assert "step 1: may be done by count-words@" in page
    assert "| library | 55.6 % | 27 to 81 % | 9 |" in in_markdown(runs)


def test_a_page_does_not_run_what_a_model_wrote(whole: Path, records: dict[Key, Record]) -> None:
    (run_found,) = runs_in(whole / "results")
    evil = records[Key("library", 0, "count")].model_copy(
        update={"answer": "<script>alert(1)</script>"}
    )
    page = html([type(run_found)(whole, run_found.manifest, run_found.summary, (evil,))])
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_samples_are_chosen_evenly_and_stay_chosen() -> None:
    three = chosen(SAMPLES, 3)
    assert {sample.family for sample in three} == {"one", "two", "odd"}
    assert set(three) <= set(chosen(SAMPLES, 5)) <= set(SAMPLES) == set(chosen(SAMPLES, 99))
    assert in_order(SAMPLES, 1) == in_order(SAMPLES, 1) != in_order(SAMPLES, 2)


def test_arms_have_names_of_their_own() -> None:
    assert len({one.name for one in EVERYDAY}) == len(EVERYDAY)
    assert [one.name for one in EVERYDAY if one.grows] == ["grown", "trajectories"]
    assert not Arm(name="a", about="b").grows


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        serve(work_for, sys.stdin, sys.stdout)
    else:
        run(Path(sys.argv[1]), int(sys.argv[2]), processes=int([*sys.argv, "1"][3]))

"""The suite endpoint without an endpoint: when it is skipped, what is asked, what counts as right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.agent import Settings
from skillweave.agent.result import Result
from skillweave.evals.record import Record
from skillweave.evals.sources import DataMissingError
from skillweave.evals.suites.endpoint import DECLARED, HOME, deed, items, load, score, skips
from skillweave.evals.suites.endpoint_score import Target, is_right, said
from skillweave.skills.errors import UserError


def test_it_is_skipped_with_one_line_unless_the_model_is_an_endpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skillweave.agent.cli.app import app

    monkeypatch.setenv("SKILLWEAVE_STATE_DIR", str(tmp_path))
    done = CliRunner().invoke(app, ["eval", "run", "endpoint", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("endpoint is skipped: nano is no endpoint; --model URL")
    assert not (tmp_path / "out").exists()
    for name in ("http://host:8000/v1", "vllm:http://host:8000", "openai:gpt-5-mini"):
        assert skips(Settings.load(model=name, state_dir=tmp_path)) == ""
    assert skips(Settings.load(model="Qwen/Qwen3-8B", state_dir=tmp_path))


LETTERS = Target(text="(B)", options={"A": "red", "B": "dark blue"})
YES = Target(text="Yes", labels=("No", "Yes"))


@pytest.mark.parametrize(
    ("words", "target", "right"),
    [
        ("It costs $1,234.50.", Target(text="1234.5"), True),
        ("12 apples and 13 pears, so 25", Target(text="12"), False),
        ("-3", Target(text="-3"), True),
        ("no number", Target(text="3"), False),
        ("(A) is wrong, so (B)", LETTERS, True),
        ("(B) or rather (A)", LETTERS, False),
        ("b", LETTERS, True),
        ("Dark blue.", LETTERS, True),
        ("dark", LETTERS, False),
        ("No, that holds. Yes!", YES, True),
        ("yesterday", YES, False),
        ("", YES, False),
        ("Sorted:\nant bee  cow", Target(text="ant bee cow"), True),
        ("ant cow bee", Target(text="ant bee cow"), False),
        ("])>", Target(text="] ) >", exact=False), True),
        ("])>", Target(text="] ) >"), False),
    ],
)
def test_what_counts_as_right(words: str, target: Target, right: bool) -> None:
    assert is_right(words, target) is right


def test_the_answer_of_a_run() -> None:
    run = Result(run="r", task="t", outcome="solved", answer="told\n\nverified", value=["a", 2])
    assert said(run) == "a 2"
    assert said(run.model_copy(update={"value": True})) == "True"
    assert said(run.model_copy(update={"outcome": "answered"})) == "told\n\nverified"
    assert said(run.model_copy(update={"outcome": "failed"})) == ""


def write(folder: Path, questions: int = 3) -> Path:
    maths, hard = folder / "gsm8k" / HOME, folder / "bbh" / "bbh"
    maths.mkdir(parents=True)
    hard.mkdir(parents=True)
    for part in ("train", "test"):
        rows = [
            {"question": f"{part} {n}?", "answer": f"So.\n#### 1,00{n}"} for n in range(questions)
        ]
        (maths / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    choices = "Options:\n(A) red\n(B) blue"
    examples = [{"input": f"Which {n}?\n{choices}", "target": "(A)"} for n in range(100)]
    (hard / "colours.json").write_text(json.dumps({"canary": "x", "examples": examples}))
    return folder


def test_what_is_asked_and_what_is_studied_do_not_meet(tmp_path: Path) -> None:
    loaded = load(write(tmp_path), {})
    asked, studied = {s.request for s in loaded.samples}, {s.request for s in loaded.train}
    assert not asked & studied
    assert len(loaded.train) == 3 + 2
    kept, declared = items(tmp_path / "bbh" / "bbh" / "colours.json")
    assert len(kept) + len(declared) == 100
    assert 0 < len(declared) < 3 * 100 * DECLARED / 256
    assert kept[0].request.endswith("such as (A).")
    first = loaded.samples[0]
    told = Result(run="r", task="t", outcome="answered", answer="It is 1000.")
    assert score(first, told).value == 1
    assert score(first, told.model_copy(update={"answer": "It is 1001."})).value == 0


def test_faults_of_the_data(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="holds no gsm8k"):
        load(tmp_path)
    write(tmp_path)
    with pytest.raises(UserError, match="sha256 is"):
        load(tmp_path)
    file = tmp_path / "gsm8k" / HOME / "test.jsonl"
    file.write_text('{"question": "?", "answer": "no mark"}\n')
    with pytest.raises(UserError, match=r"test\.jsonl:1: no answer behind"):
        load(tmp_path, {})


def test_deeds_that_are_no_answers() -> None:
    fair = Record(arm="none", seed=0, sample="s", family="f", status="scored", score=0.0)
    assert deed(fair) == ""
    for status, note, told in (
        ("error", "ServerError: m: HTTP 503: busy", "HTTP 503"),
        ("error", "ValueError: what", "error"),
        ("timeout", "Stopped: it took more than", "run took too long"),
        ("budget", "Stopped", "budget"),
        ("garbage", "the answer is not JSON", "answer cannot be read"),
    ):
        assert deed(fair.model_copy(update={"status": status, "note": note})) == told

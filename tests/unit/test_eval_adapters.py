"""The suite of adapters with a scripted model: which adapter answers in which arm, and the trace."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from skillweave.agent import Settings
from skillweave.agent.handle import Answer
from skillweave.agent.profiles.base import Prompt
from skillweave.agent.profiles.nano import NanoProfile
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.trace import read_trace
from skillweave.evals.journal import Journal
from skillweave.evals.record import Key
from skillweave.evals.runner import Asked, run_suite
from skillweave.evals.suites.adapters import ADAPTERS, EACH, load
from skillweave.evals.workplace import Bench
from skillweave.skills.builtin import builtin_root
from skillweave.skills.drop import wrap
from skillweave.skills.sandbox import Sandbox
from skillweave.store.embed import HashEmbedder


def echo(_: Prompt, adapter: str | None) -> Answer:
    """Says which adapter it was asked by, without its version."""
    return Answer(text=" " + re.sub(r"@\w+", "", adapter or "none"), tokens=2)


def test_samples_are_the_same_every_time_and_never_drawn_twice() -> None:
    loaded = load(None)
    assert loaded.files == load(None).files
    assert len({sample.request for sample in loaded.samples}) == len(loaded.samples) == 4 * EACH


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapters")
    settings = Settings.load(state_dir=folder / "state")
    loaded = load(None)
    names = loaded.samples[0].given
    skills = [one for name in names for one in wrap(builtin_root() / name)]
    with Sandbox.open() as sandbox:
        bench = Bench(ScriptedModel(echo), settings, NanoProfile(), sandbox, HashEmbedder())
        asked = Asked(model="scripted", limit=4, seeds=(0, 1))
        run_suite(ADAPTERS, replace(loaded, skills=skills), bench, asked, folder / "results")
    return folder / "results"


def test_each_arm_asks_by_its_own_adapter(results: Path) -> None:
    records = Journal(results).records()
    sample = next(key.sample for key in records if key.sample.startswith("sentiment-"))
    said = {(key.arm, key.seed): r.value for key, r in records.items() if key.sample == sample}
    assert said == {
        ("none", 0): "none",
        ("none", 1): "none",
        ("right", 0): "sentiment",
        ("right", 1): "sentiment",
        ("wrong", 0): "sentence-tense",
        ("wrong", 1): "sentence-voice",
        ("mixed", 0): "sentiment:0.5+sentence-tense:0.5",
        ("mixed", 1): "sentiment:0.5+sentence-voice:0.5",
    }
    record = records[Key("right", 0, sample)]
    assert (record.status, record.score, record.tokens) == ("scored", 0.0, 2)
    assert "said 'sentiment', not " in record.note
    (line,) = read_trace(results / record.trace)
    assert line["kind"] == "ask"

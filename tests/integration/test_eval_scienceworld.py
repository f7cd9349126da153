"""ScienceWorld at play: gold paths, the replay of an experience, TALES's protocol with a scripted model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from skillweave.agent import Settings
from skillweave.agent.profiles.base import Prompt
from skillweave.agent.profiles.nano import NanoProfile
from skillweave.agent.scripted import ScriptedModel
from skillweave.evals.journal import Journal
from skillweave.evals.runner import Asked, run_suite
from skillweave.evals.suites.scienceworld import SCIENCEWORLD, SCIENCEWORLD_TALES
from skillweave.evals.suites.scienceworld_env import STEPS, Play, environment, missing, variations
from skillweave.evals.suites.scienceworld_memory import (
    Experience,
    demonstrations,
    raw,
    rebound,
    recorded,
    refined,
)
from skillweave.evals.workplace import Bench
from skillweave.skills.sandbox import Sandbox
from skillweave.store.embed import HashEmbedder

pytestmark = [pytest.mark.integration, pytest.mark.skipif(bool(missing()), reason=missing())]
TASK = "power-component"


def test_the_demonstrations_solve_the_variations_they_are_of() -> None:
    first, *_ = variations(TASK, "train")
    with environment() as env:
        play = Play(env, TASK, first)
        ours = next(one for one in demonstrations() if one.task == play.task)
        raw(play, [*(deed.action for deed in ours.deeds), *["wait1"] * 3])
        assert play.solved
    # The environment differs from run to run: in the order of its own way, in when the current flows.
    assert next(recorded((TASK,), 1)).task == ours.task


def solved(variation: int) -> Experience:
    """A gold path, played."""
    with environment() as env:
        play = Play(env, TASK, variation, gold=True)
        raw(play, play.gold)
        assert play.solved
        assert play.over
        return Experience(play.task, tuple(play.deeds))


def test_an_experience_is_followed_in_another_variation() -> None:
    first, *_ = variations(TASK, "train")
    other, *_ = variations(TASK, "test")
    lead = solved(first)
    with environment() as env:
        play = Play(env, TASK, first)
        rebound(play, refined(lead), [lead])
        assert play.solved
        play = Play(env, TASK, other)
        assert play.task != lead.task
        rebound(play, refined(lead), [lead])
        assert 0.0 < play.best <= 1.0
        assert play.steps <= STEPS


def test_a_model_that_knows_the_way_is_scored_by_the_protocol_of_tales(tmp_path: Path) -> None:
    with environment() as env:
        play = Play(env, TASK, variations(TASK, "test")[0], gold=True)
    gold = iter(play.gold)

    def say(prompt: Prompt, _: str | None) -> str:
        assert prompt.messages[0].role == "system"
        return f"`{next(gold)}`"

    loaded = SCIENCEWORLD_TALES.load(None)
    few = tuple(sample for sample in loaded.samples if sample.id == f"{TASK}-0")
    settings = Settings.load(state_dir=tmp_path / "state")
    with Sandbox.open() as sandbox:
        bench = Bench(ScriptedModel(say), settings, NanoProfile(), sandbox, HashEmbedder())
        asked = Asked(model="scripted", arms=("none",))
        run_suite(SCIENCEWORLD_TALES, replace(loaded, samples=few), bench, asked, tmp_path / "run")
    (record,) = Journal(tmp_path / "run").records().values()
    assert (record.status, record.score) == ("scored", 1.0), record.note


def test_a_memory_that_grows_keeps_what_was_solved(tmp_path: Path) -> None:
    loaded = SCIENCEWORLD.load(None)
    few = tuple(s for s in loaded.samples if s.id in (f"{TASK}-0", f"{TASK}-1"))
    settings = Settings.load(state_dir=tmp_path / "state")
    with Sandbox.open() as sandbox:
        model = ScriptedModel(lambda prompt, _: "look around")
        bench = Bench(model, settings, NanoProfile(), sandbox, HashEmbedder())
        asked = Asked(model="scripted", arms=("none", "fixed", "rebound", "refined", "raw"))
        run_suite(SCIENCEWORLD, replace(loaded, samples=few), bench, asked, tmp_path / "run")
    records = Journal(tmp_path / "run").records().values()
    assert not [record.note for record in records if record.status != "scored"]
    for record in records:
        grows = record.arm in ("rebound", "refined", "raw") and record.score == 1.0
        assert bool(record.new_skills) == grows
        assert bool(record.skills) == (record.arm != "none")
    best = {arm: max(r.success for r in records if r.arm == arm) for arm in ("none", "rebound")}
    assert best["none"] < 0.5 < best["rebound"]

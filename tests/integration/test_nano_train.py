"""nano's training: the schedule, and that a killed run ends where an undisturbed one does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from skillweave.agent.nano import batches
from skillweave.agent.nano import train as training
from skillweave.agent.nano.train import Point, Recipe, TrainProgress, train
from skillweave.skills.errors import SettingsError

TINY = Recipe(schedule=(Point(0, 0.0), Point(2_000, 1e-3), Point(6_000, 0.0)), batch=512)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BLOCK", 48)
    monkeypatch.setattr(training, "TOKENIZER_EXAMPLES", 400)


class Killed(BaseException):
    """Like SIGKILL between two steps."""


def kill_after(tokens: int) -> object:
    def report(at: TrainProgress) -> None:
        if at.seen > tokens:
            raise Killed

    return report


def test_a_killed_run_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    train(tmp_path / "whole", TINY, compiled=False)
    with pytest.raises(Killed):
        train(tmp_path / "killed", TINY, compiled=False, progress=kill_after(4_500))  # type: ignore[arg-type]
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    train(tmp_path / "killed", TINY, compiled=False, resume=True)
    whole, killed = (
        load_file(tmp_path / name / "model.safetensors") for name in ("whole", "killed")
    )
    assert whole.keys() == killed.keys()
    assert all(torch.equal(whole[name], killed[name]) for name in whole)


def test_what_is_still_to_come_may_be_changed_and_the_past_may_not(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        train(tmp_path, TINY, compiled=False, progress=kill_after(4_500))  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="another recipe"):
        train(tmp_path, replace(TINY, seed=2), compiled=False, resume=True)
    with pytest.raises(SettingsError, match="another recipe"):
        train(tmp_path, TINY.scaled(60_000), compiled=False, resume=True)


def test_there_must_be_a_run_to_resume(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="start without --resume"):
        train(tmp_path, TINY, compiled=False, resume=True)


def test_the_schedule_is_linear_between_its_points() -> None:
    assert TINY.rate_at(1_000) == pytest.approx(5e-4)
    assert TINY.rate_at(4_000) == pytest.approx(5e-4)
    assert TINY.rate_at(9_000) == 0.0
    assert TINY.scaled(12_000).rate_at(8_000) == pytest.approx(5e-4)


def test_a_model_is_trained_further_with_its_own_tokenizer(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    train(first, TINY, compiled=False)
    train(second, replace(TINY, seed=2), start=first, compiled=False)
    assert (second / "tokenizer.json").read_text() == (first / "tokenizer.json").read_text()
    logs = [json.loads((folder / "training.json").read_text()) for folder in (first, second)]
    assert logs[1]["continues"] == logs[0]
    assert logs[1]["final_loss"] < logs[0]["final_loss"]


def test_a_model_of_another_size_cannot_be_trained_further(tmp_path: Path) -> None:
    train(tmp_path / "first", TINY, compiled=False)
    with pytest.raises(SettingsError, match="is a nano, not a nano-plus"):
        train(
            tmp_path / "second",
            replace(TINY, size="nano-plus"),
            start=tmp_path / "first",
            compiled=False,
        )
    with pytest.raises(SettingsError, match="no folder that a training wrote"):
        train(tmp_path / "third", TINY, start=tmp_path, compiled=False)

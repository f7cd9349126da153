"""Training nano's reader: a killed run ends where an undisturbed one does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from skillweave.agent.nano.reader import batches
from skillweave.agent.nano.reader.mean import mean_reader
from skillweave.agent.nano.reader.train import Recipe, train_reader
from skillweave.agent.nano.train import TrainProgress
from skillweave.skills.errors import SettingsError

TINY = Recipe(examples=60, batch=256, rate=5e-4, seed=3)


class Killed(BaseException):
    """Like SIGKILL between two steps."""


def test_a_killed_training_ends_as_an_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BLOCK", 24)

    def kill(at: TrainProgress) -> None:
        if at.seen > 40:
            raise Killed

    train_reader(tmp_path / "whole", TINY)
    with pytest.raises(Killed):
        train_reader(tmp_path / "killed", TINY, progress=kill)
    assert not (tmp_path / "killed" / "weights.safetensors").exists()
    with pytest.raises(SettingsError, match="another recipe"):
        train_reader(tmp_path / "killed", Recipe(examples=60, seed=4), resume=True)
    with pytest.raises(SettingsError, match="start without --resume"):
        train_reader(tmp_path / "nothing", TINY, resume=True)
    train_reader(tmp_path / "killed", TINY, resume=True)
    whole, killed = (load_file(tmp_path / n / "weights.safetensors") for n in ("whole", "killed"))
    assert whole.keys() == killed.keys()
    assert all(torch.equal(whole[name], killed[name]) for name in whole)


def test_a_reader_is_trained_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BLOCK", 24)
    first, second = tmp_path / "first", tmp_path / "second"
    train_reader(first, TINY)
    train_reader(second, replace(TINY, seed=4), start=first)
    logs = [json.loads((folder / "training.json").read_text()) for folder in (first, second)]
    assert logs[1]["continues"] == logs[0]
    assert logs[1]["final_loss"] < logs[0]["final_loss"]
    with pytest.raises(SettingsError, match="no folder that a training wrote"):
        train_reader(tmp_path / "third", TINY, start=tmp_path)


def test_readers_that_went_on_from_one_have_a_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BLOCK", 24)
    first, second, mean = (tmp_path / name for name in ("first", "second", "mean"))
    train_reader(first, TINY)
    train_reader(second, replace(TINY, seed=4))
    mean_reader([first, second], mean)
    one, two, both = (load_file(folder / "weights.safetensors") for folder in (first, second, mean))
    assert all(torch.allclose((one[n] + two[n]) / 2, both[n], atol=1e-3) for n in both)
    log = json.loads((mean / "training.json").read_text())
    assert (log["examples"], log["seed"]) == (2 * TINY.examples, "3, 4")
    train_reader(tmp_path / "further", TINY, start=first)
    with pytest.raises(SettingsError, match="went on from the same one"):
        mean_reader([second, tmp_path / "further"], mean)
    mean_reader([first, tmp_path / "further"], mean)
    log = json.loads((mean / "training.json").read_text())
    assert "the reader that it went on from" in log["notes"][0]
    assert (log["examples"], log["continues"]["seed"]) == (TINY.examples, TINY.seed)

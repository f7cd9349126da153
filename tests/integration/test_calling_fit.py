"""The weights beside `skillweave.agent.calling` are those that its data give."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.agent import calling
from skillweave.evals import calling_fit
from skillweave.evals.calling_fit import main

TOLERANCE = 0.1


def said(*arguments: str) -> str:
    import typer

    app = typer.Typer()
    app.command()(main)
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def test_the_weights_can_be_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "calling.json"
    shutil.copy(calling.WEIGHTS, copy)
    monkeypatch.setattr(calling_fit, "WEIGHTS", copy)
    said()
    kept = json.loads(calling.WEIGHTS.read_text())
    made = json.loads(copy.read_text())
    for part, weights in kept.items():
        assert made[part] == pytest.approx(weights, abs=TOLERANCE)


def test_two_of_three_calls_are_right_by_the_weights_of_other_tools() -> None:
    """And two of five requests for several."""
    one, of_one, several, of_several = map(int, re.findall(r"\d+", said("--halves")))
    assert one > of_one * 2 / 3
    assert several > of_several * 2 / 5

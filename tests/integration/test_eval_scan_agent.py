"""The suite scan by the real agent, embeddings and sandbox, on a small language in SCAN's files."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from skillweave.agent import Settings
from skillweave.evals.journal import Journal
from skillweave.evals.runner import Asked, run_suite
from skillweave.evals.suite import Opening
from skillweave.evals.suites import scan_direct
from skillweave.evals.suites.scan import SCAN, SPLITS, load, opens
from skillweave.evals.workplace import Bench
from skillweave.skills.sandbox import Sandbox


def write(folder: Path) -> None:
    """Three words, ``loudly`` and ``and then``; the test files have them in longer commands."""
    words = {"sing": "S", "wave": "W", "nod": "N"}
    one = {**words, **{f"{word} loudly": f"X {told} X" for word, told in words.items()}}
    two = {f"{a} then {b}": f"{one[a]} {one[b]}" for a, b in product(one, repeat=2)}
    train = {**one, **{asked: told for asked, told in two.items() if "nod" not in asked}}
    test = {asked: told for asked, told in two.items() if "nod loudly" in asked}
    for file in SPLITS.values():
        for part, commands in (("train", train), ("test", test)):
            path = folder / "scan" / file.format(part)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"IN: {a} OUT: {told}\n" for a, told in commands.items()))


def test_the_agent_over_learned_skills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_direct, "STEPS", 3)
    write(tmp_path)
    loaded = load(tmp_path, {})
    settings = Settings.load(state_dir=tmp_path / "state")
    told: list[str] = []
    model, profile = opens(Opening(tmp_path, settings, ("none", "library"), told.append))
    assert len(told) == 2 * len(SPLITS)
    with Sandbox.open() as sandbox:
        bench = Bench(model, settings, profile, sandbox)
        asked = Asked(model=model.name, limit=4, arms=("none", "library", "random", "wrong"))
        summary = run_suite(SCAN, loaded, bench, asked, tmp_path / "results")
    scores = {arm.arm: arm.score for arm in summary.arms}
    assert scores["library"] == 1
    assert scores["random"] == scores["wrong"] == 0
    for key, record in Journal(tmp_path / "results").records().items():
        if key.arm == "library":
            split = record.family.replace(" ", "-")
            assert all(name.startswith(f"{split}-") for name in record.skills)
            assert len(record.skills) <= record.level == record.steps
        if key.arm == "none":
            assert (record.outcome, record.skills) == ("answered", ())

"""The suite babyai with nano itself: adapters are trained (hardly), kept, found, mixed, and played."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from skillweave.agent import Settings
from skillweave.agent.growth.teach_base import base_of
from skillweave.agent.profiles.nano import NanoProfile
from skillweave.agent.trace import read_trace
from skillweave.evals.journal import Journal
from skillweave.evals.runner import Asked, run_suite
from skillweave.evals.suites.babyai import BABYAI, Player
from skillweave.evals.suites.babyai_nano import cloned, rows_of
from skillweave.evals.suites.babyai_skills import Shelf, shown_of
from skillweave.evals.suites.babyai_world import LEVELS, missing
from skillweave.evals.workplace import Bench
from skillweave.skills.sandbox import Sandbox
from skillweave.store.embed import HashEmbedder

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(missing()), reason=missing()),
]


def test_every_arm_plays_by_its_own_adapters(tmp_path: Path) -> None:
    told: list[str] = []
    shelf = Shelf(
        base_of("nano"), tmp_path, tell=told.append, embedder=HashEmbedder(), pieces={1: 400}
    )
    loaded = BABYAI.load(None)
    few = tuple(s for s in loaded.samples if s.id in ("unlock-20100", "unlock-and-pick-up-20100"))
    settings = Settings.load(state_dir=tmp_path / "state")
    with Player(shelf) as player, Sandbox.open() as sandbox:
        bench = Bench(player, settings, NanoProfile(), sandbox, HashEmbedder())
        run_suite(
            BABYAI, replace(loaded, samples=few), bench, Asked(model="nano"), tmp_path / "run"
        )
        records = Journal(tmp_path / "run").records()
        again = shelf.shared(1, 0)
    assert not [r.note for r in records.values() if r.status != "scored"]
    by = {(r.arm, r.family): r.skills for r in records.values()}
    assert by["none", "unlock"] == by["bot", "unlock"] == ()
    assert by["right", "unlock"] == ("unlock",)
    assert ("right", "unlock-and-pick-up") not in by
    assert by["shared", "unlock-and-pick-up"] == (again.name,) == ("all-levels",)
    assert by["mixed", "unlock-and-pick-up"] == ("unlock", "pick-up-described")
    assert ("mixed", "unlock") not in by
    assert not set(by["random", "unlock-and-pick-up"]) & {"unlock", "pick-up-described"}
    assert records[next(k for k in records if k.arm == "bot")].score == 1.0
    # Twelve levels and the shared one, each trained once.
    assert len(told) == len(set(told)) == len(LEVELS) + 1
    mixed = next(r for r in records.values() if (r.arm, r.level) == ("mixed", 2))
    line = next(read_trace(tmp_path / "run" / mixed.trace))
    assert line["kind"] == "ask"
    assert ":0.5+" in str(line["answer"])


def test_cloning_brings_what_was_shown_nearer() -> None:
    base = base_of("nano")
    shown = shown_of(LEVELS[7], 8)
    rows = rows_of(base, [moment for each in shown for moment in each])
    adapter = cloned(base, shown, pieces=8_000, seed=0)
    before, after = sum(base.right(rows, {})), sum(base.right(rows, adapter))
    assert before < len(rows) / 2
    assert after > before

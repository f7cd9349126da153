"""Growth that is killed at any moment loses no admitted skill and leaves nothing half-done."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

from skillweave.agent.growth.distil_ballot import FILE, Ballot
from skillweave.agent.growth.revise_moves import Record
from skillweave.store import HashEmbedder, Library

KILLS = 6
WORKER = Path(__file__).with_name("growth_worker.py")


def killed(root: Path, first: int, lines: int, delay: float) -> list[str]:
    """Let it grow; some skills later, and a little later still, the process is gone."""
    command = [sys.executable, str(WORKER), str(root), str(first)]
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        timer: threading.Timer | None = None
        for line in worker.stdout:
            said.append(line.strip())
            if timer is None and len(said) > lines:
                timer = threading.Timer(delay, worker.kill)
                timer.start()
    assert worker.returncode == -9, said
    return [name for name in said if name != "ready"]


def test_growth_may_be_killed_at_any_moment(tmp_path: Path) -> None:
    rng = random.Random(7)
    admitted: set[str] = set()
    for number in range(KILLS):
        told = killed(tmp_path, 10 * number, rng.randrange(3), rng.random())
        admitted |= set(told)
        with Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False) as library:
            assert not library.check()
            Record(library).recover()
            entries = {entry.skill.name: entry.state for entry in library.entries()}
            assert admitted <= entries.keys()
            assert all(entries[name] != "archived" for name in admitted)
            Ballot.load(tmp_path / "library" / ".skillweave" / FILE)
            assert not library.check()
    assert admitted

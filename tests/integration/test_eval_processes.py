"""A run in several processes, killed in the middle: it goes on to the summary of one that was not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from skillweave.evals.journal import Journal

PROGRAM = Path(__file__).with_name("test_eval_runner.py")
NEVER = "100000"


def run(folder: Path, *options: str) -> int:
    """Run the suite of the unit tests, or go on with it."""
    command = [sys.executable, str(PROGRAM), str(folder), *options]
    return subprocess.run(command, check=False).returncode


def test_several_processes_come_to_the_same_summary(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert run(whole, NEVER) == 0
    assert run(parts, "25", "2") == -signal.SIGKILL
    begun = (parts / "results" / "results.jsonl").read_text().splitlines()
    assert run(parts, NEVER, "2") == 0
    records = Journal(parts / "results").records()
    assert 25 <= len(begun) < len(records)
    ours, theirs = (folder / "results" / "summary.json" for folder in (parts, whole))
    assert ours.read_bytes() == theirs.read_bytes()
    lines = (parts / "results" / "results.jsonl").read_text().splitlines()
    assert len(lines) == len(records) == len(Journal(whole / "results").records())
    assert all((parts / "results" / record.trace).is_file() for record in records.values())

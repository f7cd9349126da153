"""`skillweave eval run smoke` with nano on its server: a few samples of every suite."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from skillweave.evals.runs import runs_in
from skillweave.evals.suites import babyai_world, scienceworld_env


def small_bfcl(folder: Path) -> Path:
    """One sample of each category, in the leaderboard's form; not its data."""
    from skillweave.evals.suites.bfcl import ANSWERS, CALLING, CATEGORIES, QUESTIONS

    function = {
        "name": "rectangle.area",
        "description": "Compute the area of a rectangle.",
        "parameters": {
            "properties": {"length": {"type": "float"}, "width": {"type": "float"}},
            "required": ["length", "width"],
        },
    }
    home = folder / "bfcl" / "data"
    (home / "possible_answer").mkdir(parents=True)
    request = "Compute the area of a rectangle of 3 and 4."
    for category in CATEGORIES:
        asked = {"id": category, "question": [[{"role": "user", "content": request}]]}
        line = json.dumps({**asked, "function": [function]}) + "\n"
        (home / QUESTIONS.format(category)).write_text(line)
        if category in CALLING:
            truth = [{"rectangle.area": {"length": [3], "width": [4]}}]
            line = json.dumps({"id": category, "ground_truth": truth}) + "\n"
            (home / ANSWERS.format(category)).write_text(line)
    return folder


def collection(folder: Path) -> Path:
    """Two tools of somebody else's, one of which cannot be read."""
    code = 'def sum_of_squares(a: int, b: int) -> int:\n    """Add the squares of two numbers."""\n'
    examples = "\n".join(f"sum_of_squares({a}, {b}) == {a * a + b * b}" for a, b in PAIRS)
    rows = [
        {"code": code + "    return a * a + b * b\n", "examples": examples},
        {"code": "def broken(:", "examples": ""},
    ]
    file = folder / "tools.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


PAIRS = [(1, 2), (3, 4), (0, 5), (2, 2), (6, 1), (7, 0), (10, 3), (4, 9)]
SMOKE = """
import sys
from pathlib import Path
from skillweave.evals.suites import bfcl
bfcl.known = lambda sums: {}
from skillweave.agent.cli.app import main
sys.argv = ["skillweave", "eval", "run", "smoke", "--data", sys.argv[1], "--out", sys.argv[2]]
main()
"""


def test_smoke(tmp_path: Path) -> None:
    data, out = small_bfcl(tmp_path / "data"), tmp_path / "out"
    games = set() if babyai_world.missing() else {"babyai", "babyai-curve"}
    games |= set() if scienceworld_env.missing() else {"scienceworld"}
    environment = {
        **os.environ,
        "SKILLWEAVE_STATE_DIR": str(tmp_path / "state"),
        "SKILLWEAVE_TOOLS": str(collection(tmp_path)),
    }
    done = subprocess.run(
        [sys.executable, "-c", SMOKE, str(data), str(out)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    runs = runs_in(out)
    everywhere = {
        "adapters",
        "bfcl",
        "calls",
        "compose",
        "growth",
        "imports",
        "several",
        "workbench",
    }
    assert [run.suite for run in runs] == sorted(everywhere | games)
    for name in ("tools", "scan", "endpoint", "growth-queries"):
        assert re.search(rf"^{name} is (left out|skipped): ", done.stderr, re.MULTILINE)
    for run in runs:
        assert run.summary.complete
        assert len(run.records) == len(run.summary.arms) * run.summary.samples == 6
        assert not [record.note for record in run.records if record.status == "error"]
        # The gate judges tools without a model.
        assert run.manifest.model_hash or run.suite == "imports"
        assert all((run.folder / record.trace).is_file() for record in run.records)
        assert "<svg" in (run.folder / "report.html").read_text()
        assert f"### {run.suite}" in done.stdout

"""The mean of readers that went on from the same one, or of such a one and what it went on to.

Where they were trained apart the mean is better than each: model soups,
https://arxiv.org/abs/2203.05482. With what was further trained it is as good on the new examples and
keeps more of the old: https://arxiv.org/abs/2109.01903.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from skillweave.agent.nano.reader import WEIGHTS
from skillweave.agent.nano.train import LOG, read_log
from skillweave.skills.errors import SettingsError


def mean_reader(folders: Sequence[Path], out: Path) -> None:
    """Write the mean of the weights in ``folders``, and how they came about, into ``out``.

    Args:
        folders: the first may hold the reader that the others went on from.

    Raises:
        SettingsError: they did not go on from the same reader, or one folder holds none.
    """
    logs = [read_log(folder) for folder in folders]
    started = len(logs) > 1 and all(log["continues"] == logs[0] for log in logs[1:])
    if not started and any(log["continues"] != logs[0]["continues"] for log in logs):
        raise SettingsError("only readers that went on from the same one have a mean")
    parts = [load_file(folder / WEIGHTS.name) for folder in folders]
    mean = {
        name: np.mean([part[name].astype(np.float32) for part in parts], axis=0).astype(np.float16)
        for name in parts[0]
    }
    out.mkdir(parents=True, exist_ok=True)
    save_file(mean, out / WEIGHTS.name)
    log = _log(logs[1:], with_start=True) if started else _log(logs)
    (out / LOG).write_text(json.dumps(log, indent=2) + "\n", "utf-8")


def _log(logs: Sequence[dict[str, Any]], *, with_start: bool = False) -> dict[str, Any]:
    """The first run's log, with what the others add to it."""
    seeds = ", ".join(str(log["seed"]) for log in logs)
    runs = f"{len(logs)} runs side by side, each on other examples" if len(logs) > 1 else "one run"
    start = " and of the reader that it went on from" if with_start else ""
    note = f"The mean of {runs} (seeds {seeds}){start}."
    return {
        **logs[0],
        "examples": sum(log["examples"] for log in logs),
        "seed": seeds,
        "final_loss": sum(log["final_loss"] for log in logs) / len(logs),
        "notes": [note, *logs[0].get("notes", ())],
    }

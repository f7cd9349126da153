"""The parts of the GPU check, and what they found."""

from __future__ import annotations

import json
import statistics
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from skillweave.evals.gpu_jobs import MODELS, loads, mixed
from skillweave.evals.gpu_lanes import Lane
from skillweave.evals.gpu_reference import Reference, differences
from skillweave.evals.gpu_system import BATCH, Answer, Job
from skillweave.skills.errors import ServerError

ROUNDS = 4
"""Of which the first is not counted."""


class Check:
    """The parts, and what they found so far."""

    def __init__(self, out: Path, lanes: dict[str, Lane], until: float) -> None:
        self._out, self._lanes, self._until = out, lanes, until
        self._began = time.monotonic()
        self._found: dict[str, Any] = {}
        self._answers: dict[str, Answer] = {}

    def part(self, name: str, run: Callable[[], Any]) -> None:
        """Run a part and keep what it returns, or how it failed."""
        try:
            result = run()
        except Exception:  # noqa: BLE001 - recorded, and the other parts may go well
            result = {"failed": traceback.format_exc()}
        self._found[name] = result
        self._found["seconds"] = round(time.monotonic() - self._began, 1)
        self._out.write_text(json.dumps(self._found, indent=1) + "\n", encoding="utf-8")
        typer.echo(f"{self._found['seconds']:6.1f} s  {name}: {json.dumps(result)[:1500]}")

    def started(self, name: str) -> float:
        """The seconds that an engine took to start. One that did not is left out from then on."""
        try:
            return round(self._lanes[name].answer(self._until).seconds, 1)
        except ServerError:
            del self._lanes[name]
            raise

    def rows(self, name: str, references: Mapping[str, Reference]) -> dict[str, Any]:
        """The errors of every row, and whether base rows are those of a batch of base rows alone.

        ``rounding`` is the error of the reference in the engines' type for the same answer, and
        ``nearest_other`` how far the row is from what any other model of the batch would say.
        """
        job, lane = mixed(MODELS), self._lanes[name]
        alone = lane.ask(job.model_copy(update={"adapters": ("",) * len(MODELS)}), self._until)
        found = self._answers[name] = lane.ask(job, self._until)
        exact, rounded = references["float32"], references["own"]
        errors = []
        for model, prompt, row in zip(MODELS, job.prompts, found.rows, strict=True):
            expected = exact.row(model, prompt, row)
            error, rounding = (
                differences(expected, each) for each in (row, rounded.row(model, prompt, row))
            )
            others = (exact.row(other, prompt, row) for other in set(MODELS) - {model})
            errors.append(
                {
                    "model": model,
                    "error": max(error),
                    "rounding": max(rounding),
                    "mean_error": statistics.fmean(error),
                    "mean_rounding": statistics.fmean(rounding),
                    "nearest_other": min(max(differences(row, other)) for other in others),
                }
            )
        return {
            "base_rows_equal": [found.rows[i] == alone.rows[i] for i in (0, -1)],
            "repeats": lane.ask(job, self._until).rows == found.rows,
            "rows": errors,
        }

    def agreement(self) -> dict[str, Any]:
        """Between lanes: equal tokens, and the largest difference where the answers are the same."""
        names = list(self._answers)
        pairs = [(one, two) for i, one in enumerate(names) for two in names[i + 1 :]]
        return {f"{one}, {two}": self._compared(one, two) for one, two in pairs}

    def _compared(self, one: str, two: str) -> dict[str, Any]:
        rows = list(zip(self._answers[one].rows, self._answers[two].rows, strict=True))
        found = [0.0]
        for first, second in rows:
            for step, (left, right) in enumerate(zip(first.steps, second.steps, strict=True)):
                if first.tokens[:step] != second.tokens[:step]:
                    break
                found += [abs(left[token] - right[token]) for token in left.keys() & right]
        return {
            "same_tokens": sum(first.tokens == second.tokens for first, second in rows),
            "rows": len(rows),
            "difference": max(found),
        }

    def speed(self, load: Job) -> dict[str, Any]:
        """Tokens per second of every lane, which take turns in alternating order."""
        # Stock vLLM knows adapters only.
        mixes = any(set("+(") & set(name) for name in load.adapters)
        names = [name for name in self._lanes if not (mixes and name.startswith("stock"))]
        runs: dict[str, list[float]] = {name: [] for name in names}
        failed = {}
        for number in range(ROUNDS):
            for name in runs if number % 2 else reversed(runs):
                if name in failed:
                    continue
                try:
                    answer = self._lanes[name].ask(load, self._until)
                except ServerError as error:
                    failed[name] = {"failed": str(error)}
                    continue
                if number:
                    runs[name].append(BATCH * load.tokens / answer.seconds)
        return failed | {
            name: {"tokens_per_second": statistics.median(found), "runs": found}
            for name, found in runs.items()
            if name not in failed
        }

    def ratios(self) -> dict[str, Any]:
        """The speeds as shares of the same lane's base model, and of stock vLLM under the same load."""
        shares: dict[str, dict[str, float | None]] = {}
        for name in loads():
            speed, base = self._found[name], self._found["base"]
            for lane in self._lanes:
                own = shares.setdefault(lane, {})
                own[f"{name}, of its base"] = _ratio(speed.get(lane), base.get(lane))
                if not lane.startswith("stock"):
                    stock = "stock uncompiled" if lane == "uncompiled" else "stock"
                    own[f"{name}, of stock"] = _ratio(speed.get(lane), speed.get(stock))
        return shares


def _ratio(one: Mapping[str, Any] | None, two: Mapping[str, Any] | None) -> float | None:
    """None where one of the two was not measured."""
    if not one or not two or "failed" in one or "failed" in two:
        return None
    return round(float(one["tokens_per_second"] / two["tokens_per_second"]), 3)

"""Many adapters in one batch: our plugin, stock vLLM, PEFT's mixed batches, and the base model alone.

Every system runs in a process of its own with one thread (`serving_system`). They answer the same
requests in turn, in one order and then in the reverse of it, so that a ratio compares neighbours in
time. All of vLLM runs eagerly, as it must on the CPU with adapters, and without prefix caching.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from skillweave.agent.serving.plugin import BASE_HASH_VARIABLE, LIBRARY_VARIABLE
from skillweave.evals.first_token import FirstTokens, measure_first_tokens
from skillweave.evals.machine import Machine, this_machine
from skillweave.evals.serving_costs import Costs, Ratio, costs, ratio
from skillweave.evals.serving_load import SHAPES, Load, even, skewed, write_library, write_model
from skillweave.evals.serving_system import Run
from skillweave.skills.errors import ServerError, SettingsError
from skillweave.skills.model import Frozen

Lane = Literal["plugin", "stock", "peft", "base", "idle"]
LANES: tuple[Lane, ...] = ("plugin", "stock", "peft", "base", "idle")
"""The systems; ``base`` is vLLM without adapters, ``idle`` the plugin when no request names one."""
SKEWED = (1, 2, 8, 32, 128)
DEFAULT_SIZES = ("12m", "4m")
MAIN_MODEL = "12m"
SYSTEM = "skillweave.evals.serving_system"
OnRow = Callable[["ServingRow"], None]


class ServingRow(Frozen):
    """One load."""

    model: str
    load: str
    requests: int
    adapters: int
    """Different ones that are asked for."""
    prompt_tokens: int
    """Of each request."""
    answer_tokens: int
    runs: Mapping[Lane, tuple[Run, ...]]
    tokens_per_second: Mapping[Lane, float]
    """Generated, at the median."""
    peak_mb: Mapping[Lane, float]
    times_stock: Ratio
    times_peft: Ratio
    share_of_base: Ratio
    idle_share_of_base: Ratio
    """What is left of the base model's speed by a server that could apply adapters, but need not."""
    costs: Costs | None = None
    """Why ``share_of_base`` is no more than it is; not in figures made before it was measured."""


class ServingFigures(Frozen):
    """What the benchmark found, and everything needed to repeat it."""

    command: str
    made: str
    seed: int
    threads: int
    rounds: int
    machine: Machine
    load_after: float
    """Load average over the last minute when the measurement ended, its own load included."""
    rows: tuple[ServingRow, ...]
    first_tokens: FirstTokens


class Worker:
    """A `serving_system` process."""

    def __init__(self, lane: Lane, process: subprocess.Popen[str]) -> None:
        self._lane = lane
        self._process = process

    def run(self, load: Load) -> Run:
        """Have it answer a load."""
        if self._process.stdin is None or self._process.stdout is None:
            raise ServerError(f"{self._lane}: the process has no pipes")
        self._process.stdin.write(load.model_dump_json() + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ServerError(f"{self._lane} ended on {load.name}; see its output above")
        run = Run.model_validate_json(line)
        if run.tokens != len(load.prompts) * load.tokens:
            raise ServerError(f"{self._lane} generated {run.tokens} tokens on {load.name}")
        return run


@contextmanager
def workers(model: Path, library: Path, threads: int) -> Iterator[dict[Lane, Worker]]:
    """All systems, started."""
    with ExitStack() as stack:
        found: dict[Lane, Worker] = {}
        for lane in LANES:
            if lane == "idle":
                found[lane] = found["plugin"]
                continue
            served = str(library) if lane == "plugin" else ""
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", SYSTEM, lane, str(model), str(library)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env={
                        **os.environ,
                        LIBRARY_VARIABLE: served,
                        BASE_HASH_VARIABLE: "0" * 64,
                        "OMP_NUM_THREADS": str(threads),
                    },
                )
            )
            stack.callback(process.terminate)
            found[lane] = Worker(lane, process)
        yield found


def loads_for(model: str, seed: int, requests: int) -> list[Load]:
    """The loads of a model; the skewed ones of the main model only."""
    found = [
        even("decode-heavy", 8, requests=requests, prompt=16, tokens=64, seed=seed),
        even("prefill-heavy", 8, requests=requests, prompt=128, tokens=4, seed=seed),
        even("one adapter", 1, requests=requests, prompt=16, tokens=64, seed=seed),
    ]
    if model == MAIN_MODEL:
        found += [
            skewed(
                f"skewed over {count}",
                count,
                requests=2 * requests,
                prompt=16,
                tokens=16,
                seed=seed,
            )
            for count in SKEWED
        ]
    return found


def measure_row(model: str, load: Load, running: Mapping[Lane, Worker], rounds: int) -> ServingRow:
    """Run a load on all systems: once uncounted, then ``rounds`` times in alternating order."""
    runs: dict[Lane, list[Run]] = {lane: [] for lane in LANES}
    for number in range(rounds + 1):
        for lane in LANES if number % 2 else reversed(LANES):
            asked = load.base if lane in ("base", "idle") else load
            run = running[lane].run(asked)
            if number:
                runs[lane].append(run)
    return ServingRow(
        model=model,
        load=load.name,
        requests=len(load.prompts),
        adapters=len(set(load.adapters)),
        prompt_tokens=len(load.prompts[0]),
        answer_tokens=load.tokens,
        runs={lane: tuple(found) for lane, found in runs.items()},
        tokens_per_second={lane: _speed(found) for lane, found in runs.items()},
        peak_mb={lane: max(run.peak_mb for run in found) for lane, found in runs.items()},
        times_stock=ratio(runs["plugin"], runs["stock"]),
        times_peft=ratio(runs["plugin"], runs["peft"]),
        share_of_base=ratio(runs["plugin"], runs["base"]),
        idle_share_of_base=ratio(runs["idle"], runs["base"]),
        costs=costs(runs["plugin"], runs["idle"], runs["base"]),
    )


def _speed(runs: Sequence[Run]) -> float:
    return round(statistics.median(run.tokens / run.seconds for run in runs), 1)


def run_serving(
    models: Sequence[str],
    *,
    requests: int,
    rounds: int,
    seed: int,
    threads: int,
    on_row: OnRow = lambda _: None,
) -> ServingFigures:
    """Measure every load of every model, then the first token of new mixes."""
    for model in models:
        if model not in SHAPES:
            raise SettingsError(f"--size {model}: no such model; there are {', '.join(SHAPES)}")
    machine = this_machine()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in models:
            weights, library = Path(folder) / name, Path(folder) / f"{name}-library"
            loads = loads_for(name, seed, requests)
            write_model(weights, SHAPES[name], seed)
            write_library(library, SHAPES[name], max(SKEWED) if len(loads) > 3 else 8, seed)
            with workers(weights, library, threads) as running:
                for load in loads:
                    rows.append(measure_row(name, load, running, rounds))
                    on_row(rows[-1])
    first_tokens = measure_first_tokens(seed, rounds=4 * rounds, threads=threads)
    sizes = " ".join(f"--size {model}" for model in models)
    options = f"--requests {requests} --rounds {rounds} --seed {seed} --threads {threads}"
    return ServingFigures(
        command=f"skillweave eval serving {sizes} {options}",
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        threads=threads,
        rounds=rounds,
        machine=machine,
        load_after=round(os.getloadavg()[0], 2),
        rows=tuple(rows),
        first_tokens=first_tokens,
    )

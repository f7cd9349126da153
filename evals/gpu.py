"""The plugin on a GPU: right answers from one mixed batch, with and without CUDA graphs, and its speed.

``python -m skillweave.evals.gpu --out FILE`` starts all lanes at once, each an engine in a process of
its own (`gpu_system`) over nano and the adapters that come with skillweave. All answer one batch that
mixes everything a request can ask for; the log-probabilities are compared with `gpu_reference`. Then
the lanes take turns under load. FILE is written after every part, so that what fails or takes too long
costs no more than itself; each engine's log lies beside it.

vLLM's kernels for adapters take 16-bit numbers only, so no difference can be as small as that of the
tests on the CPU in float32. What rounding alone does is measured: the reference itself in the type of
the engines against the reference in float32.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import typer

from skillweave.agent.serving.plugin import LIBRARY_VARIABLE
from skillweave.evals.gpu_reference import Reference, differences
from skillweave.evals.gpu_system import BATCH, Answer, Job
from skillweave.skills.builtin import builtin_root
from skillweave.skills.errors import ServerError

NANO = Path(__file__).parents[1] / "agent" / "nano" / "weights"
NAMES = ("sentiment", "sentence-tense", "sentence-voice", "agreement-check")
COPIES = tuple(f"{name}-too" for name in NAMES)
"""The same adapters once more: as many as a batch has slots for."""
FOUR = ",".join(NAMES)
MODELS = (
    "",
    "sentiment",
    "sentiment:0.7+sentence-tense:0.3",
    "+".join(f"{name}:0.25" for name in NAMES),
    "agreement-check+sentence-voice:-0.5",
    f"arrow({FOUR};top=4)",
    f"arrow({FOUR};top=2)",
    "sentence-voice",
    "",
)
"""Everything that a request can ask for, in one batch; its base rows come first and last."""
STEPS = 16
TEXT = (
    "Is the opinion positive or negative: the food was anything but great, although everyone had told"
    " us that the new place by the river was lovely and that its cooks were the best in town. We came"
    " early, waited for an hour and got cold soup. The waiter was kind and brought us bread, but the"
    " bill was a shock. I would not go there again, and my sister says the same."
)
"""What the prompts are beginnings of. On random words nano's answers are so steep that rounding
alone changes them."""
LANES: Mapping[str, Mapping[str, Any]] = {
    "eager": {"enforce_eager": True},
    "uncompiled": {"compilation_config": {"mode": 0, "cudagraph_mode": "FULL"}},
    "plugin": {},
    "stock uncompiled": {"compilation_config": {"mode": 0, "cudagraph_mode": "FULL"}},
    "stock": {},
}
"""Options of every engine, those that start sooner first; the others are vLLM's defaults: compiled, and
recorded in CUDA graphs.

``uncompiled`` ones are recorded too. Lanes named ``stock`` run without the plugin.
"""
GRAPHS = {"cudagraph_capture_sizes": [1, 2, 4, 8, 16, 32, BATCH]}
PATIENCE = 200
"""Seconds for an answer, or for a start."""
ROUNDS = 4
"""Of which the first is not counted."""


def loads(seed: int = 0) -> dict[str, Job]:
    """Full batches under which the lanes take turns."""
    draw = random.Random(seed)
    prompts = [[draw.randrange(5, 3000) for _ in range(32)] for _ in range(BATCH)]
    pairs = [
        f"{one}:0.7+{two}:0.3" for one, two in zip(NAMES, COPIES[1:] + COPIES[:1], strict=True)
    ]
    asked = {
        "base": [""],
        "one adapter": NAMES[:1],
        "eight adapters": (*NAMES, *COPIES),
        "four mixes": pairs,
        "one gate": [f"arrow({FOUR};top=2)"],
    }
    return {
        name: Job(
            name=name,
            prompts=prompts,
            adapters=[models[i % len(models)] for i in range(BATCH)],
            tokens=64,
        )
        for name, models in asked.items()
    }


def mixed(models: Sequence[str]) -> Job:
    """A batch of prompts of many lengths, one for each of the models."""
    from tokenizers import Tokenizer

    words = Tokenizer.from_file(str(NANO / "tokenizer.json")).encode(TEXT).ids
    prompts = [words[: 6 + 9 * row] for row in range(len(models))]
    return Job(name="mixed", prompts=prompts, adapters=models, tokens=STEPS, scored=True)


@dataclass
class Lane:
    """A running engine."""

    process: subprocess.Popen[str]
    answers: Queue[str]

    def ask(self, job: Job, until: float) -> Answer:
        """Have it answer a job.

        Raises:
            ServerError: it failed, ended, or has no answer in time.
        """
        if self.process.stdin is None:
            raise ServerError("the process has no input")
        try:
            self.process.stdin.write(job.model_dump_json() + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise ServerError("the engine has ended; see its log") from None
        return self.answer(until)

    def answer(self, until: float) -> Answer:
        """The next answer; for errors see `ask`."""
        try:
            line = self.answers.get(timeout=max(0.1, min(PATIENCE, until - time.monotonic())))
        except Empty:
            self.process.kill()  # the next answer would be to this question
            raise ServerError("no answer in time") from None
        if not line:
            raise ServerError("the engine has ended; see its log")
        answer = Answer.model_validate_json(line)
        if answer.error:
            raise ServerError(answer.error)
        return answer


@contextmanager
def running(
    names: Sequence[str], library: Path, options: Mapping[str, Any], out: Path, caches: Path
) -> Iterator[dict[str, Lane]]:
    """The lanes, started at the same time."""
    with ExitStack() as stack:
        found = {}
        for name in names:
            log = stack.enter_context(out.with_name(f"{name.replace(' ', '-')}.log").open("w"))
            own = dict(LANES[name])
            if "enforce_eager" not in own:
                own["compilation_config"] = {**GRAPHS, **own.get("compilation_config", {})}
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "skillweave.evals.gpu_system"),
                    *(str(NANO), str(library), json.dumps({**own, **options})),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={
                    **os.environ,
                    LIBRARY_VARIABLE: "" if name.startswith("stock") else str(library),
                    # vLLM's key of what it compiled before does not tell the plugin from stock.
                    "VLLM_CACHE_ROOT": str(caches / name.replace(" ", "-")),
                    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
                    "VLLM_USE_FLASHINFER_SAMPLER": "0",
                    "VLLM_HOST_IP": "127.0.0.1",
                    "VLLM_NO_USAGE_STATS": "1",
                    "HF_HUB_OFFLINE": "1",
                },
            )
            stack.callback(process.kill)
            answers: Queue[str] = Queue()
            threading.Thread(target=_read, args=(process, answers), daemon=True).start()
            found[name] = Lane(process, answers)
        yield found


def _read(process: subprocess.Popen[str], answers: Queue[str]) -> None:
    for line in process.stdout or ():
        answers.put(line)
    answers.put("")


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


def write_library(root: Path) -> None:
    """The adapters that come with skillweave, and copies of them under other names."""
    for name in NAMES:
        for own in (name, f"{name}-too"):
            folder = root / "skills" / own
            shutil.copytree(builtin_root() / name, folder)
            text = (folder / "SKILL.md").read_text(encoding="utf-8")
            named = text.replace(f"name: {name}\n", f"name: {own}\n", 1)
            (folder / "SKILL.md").write_text(named, encoding="utf-8")


def versions() -> dict[str, str]:
    """What ran, and on which device."""
    import torch
    import vllm

    cuda = torch.cuda.is_available()
    device = torch.cuda.get_device_name() if cuda else "cpu"
    return {"torch": torch.__version__, "vllm": vllm.__version__, "device": device}


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="write the figures here")
    parser.add_argument("--lanes", default=",".join(LANES), help="some of: %(default)s")
    parser.add_argument("--dtype", default="float16", help="of the engines")
    parser.add_argument("--options", type=json.loads, default={}, help="more for vLLM's LLM (JSON)")
    parser.add_argument("--cache", type=Path, help="where what was compiled is kept for next time")
    parser.add_argument("--seconds", type=float, default=400, help="after which it ends")
    return parser.parse_args()


def main() -> None:
    wanted = arguments()
    until = time.monotonic() + wanted.seconds
    options = {"dtype": wanted.dtype, "gpu_memory_utilization": 0.05, **wanted.options}
    lanes = wanted.lanes.split(",")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder)
        write_library(library)
        caches = wanted.cache or library / "caches"
        with running(lanes, library, options, wanted.out, caches) as found:
            check = Check(wanted.out, found, until)
            measure(check, found, library, wanted.dtype)


def measure(check: Check, lanes: Mapping[str, Lane], library: Path, dtype: str) -> None:
    """All parts, one after the other."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    references = {
        "float32": Reference(NANO, library, torch.float32, device),
        "own": Reference(NANO, library, getattr(torch, dtype), device),
    }
    check.part("versions", versions)
    for name in list(lanes):
        check.part(f"start of {name}", partial(check.started, name))
        if name in lanes and not name.startswith("stock"):
            check.part(f"rows of {name}", partial(check.rows, name, references))
    check.part("agreement", check.agreement)
    for name, load in loads().items():
        check.part(name, partial(check.speed, load))
    check.part("ratios", check.ratios)


if __name__ == "__main__":
    main()

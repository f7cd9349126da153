"""The engines of the GPU check, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from skillweave.agent.serving.plugin import LIBRARY_VARIABLE
from skillweave.agent.serving.weights import NANO
from skillweave.evals.gpu_system import BATCH, Answer, Job
from skillweave.skills.errors import ServerError

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

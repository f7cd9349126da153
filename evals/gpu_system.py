"""One vLLM engine of the GPU check, in a process of its own.

``python -m skillweave.evals.gpu_system MODEL LIBRARY OPTIONS`` starts an engine with OPTIONS (JSON),
writes a line when it is ready, then reads a `Job` as JSON from each line of standard input and writes
an `Answer` for it. An error is answered with its traceback, and the process goes on.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skillweave.skills.model import Frozen

MAX_RANK = 128
"""Room for a mix of all four adapters."""
SLOTS = 8
BATCH = 64
ENGINE: Mapping[str, Any] = {
    "skip_tokenizer_init": True,
    "enable_lora": True,
    "max_loras": SLOTS,
    "max_cpu_loras": 32,
    "max_lora_rank": MAX_RANK,
    "max_model_len": 512,
    "max_num_seqs": BATCH,
    "max_num_batched_tokens": 4096,
    "kv_cache_memory_bytes": 2**28,
    "enable_prefix_caching": False,  # else only the first run would compute the prompts
    "seed": 0,
}


class Job(Frozen):
    """Requests that are put at once."""

    name: str
    prompts: tuple[tuple[int, ...], ...]
    adapters: tuple[str, ...]
    """What every request asks for; empty for the base model."""
    tokens: int
    """Of every answer."""
    scored: bool = False
    """Whether the log-probabilities are wanted."""


class Row(Frozen):
    """One answer: its tokens, and at each step the likeliest ones with their log-probabilities."""

    tokens: tuple[int, ...]
    steps: tuple[dict[int, float], ...]


class Answer(Frozen):
    """What became of a job; ``error`` is the traceback of one that failed."""

    seconds: float = 0.0
    rows: tuple[Row, ...] = ()
    error: str = ""


class Engine:
    """vLLM in this process: with the plugin when ``SKILLWEAVE_LIBRARY`` is set, else as it is."""

    def __init__(self, model: str, library: str, options: Mapping[str, Any]) -> None:
        from vllm import LLM
        from vllm.plugins import load_general_plugins

        from skillweave.agent.serving.plugin import LIBRARY_VARIABLE
        from skillweave.agent.serving.plugin.install import installed

        self._library = Path(library)
        self._plugin = bool(os.environ.get(LIBRARY_VARIABLE))
        self._requests: dict[str, Any] = {"": None}
        load_general_plugins()
        if installed() != self._plugin:
            raise SystemExit(f"the plugin is {'not ' if self._plugin else ''}installed")
        self._llm = LLM(model, **{**ENGINE, **options})

    def answer(self, job: Job) -> Answer:
        """Answer all requests of a job."""
        from vllm import SamplingParams
        from vllm.inputs import TokensPrompt

        options = SamplingParams(
            max_tokens=job.tokens,
            temperature=0,
            ignore_eos=True,
            detokenize=False,
            logprobs=5 if job.scored else None,
        )
        prompts = [TokensPrompt(prompt_token_ids=list(ids)) for ids in job.prompts]
        requests = [self._request(name) for name in job.adapters]
        began = time.perf_counter()
        outputs = self._llm.generate(prompts, options, lora_request=requests, use_tqdm=False)
        seconds = time.perf_counter() - began
        return Answer(seconds=seconds, rows=[_row(found.outputs[0]) for found in outputs])

    def _request(self, name: str) -> Any:
        if name not in self._requests:
            self._requests[name] = self._new_request(name, len(self._requests))
        return self._requests[name]

    def _new_request(self, name: str, number: int) -> Any:
        if self._plugin:
            from skillweave.agent.serving.plugin.requests import request_for

            return request_for(name, lora_int_id=number)
        from vllm.lora.request import LoRARequest

        return LoRARequest(name, number, str(self._library / "skills" / name / "adapter"))


def _row(found: Any) -> Row:
    steps = ({token: each.logprob for token, each in step.items()} for step in found.logprobs or ())
    return Row(tokens=tuple(found.token_ids), steps=tuple(steps))


def main() -> None:
    model, library, options = sys.argv[1:4]
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # libraries log to standard output

        def write(answer: Answer) -> None:
            answers.write(answer.model_dump_json() + "\n")
            answers.flush()

        began = time.perf_counter()
        try:
            engine = Engine(model, library, json.loads(options))
        except BaseException:
            write(Answer(error=traceback.format_exc()))
            raise
        write(Answer(seconds=time.perf_counter() - began))
        for line in sys.stdin:
            try:
                write(engine.answer(Job.model_validate_json(line)))
            except Exception:  # noqa: BLE001 - the next job may go well
                write(Answer(error=traceback.format_exc()))


if __name__ == "__main__":
    main()

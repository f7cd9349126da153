"""The vLLM engine of `test_turns`, in a process of its own: ``python turns_engine.py MODEL LIBRARY``.

Two adapters are asked for again and again, so that both slots stay in use, while one request for a
third adapter waits. Writes the adapters in the order in which their requests were answered, as JSON.
With ``SKILLWEAVE_LIBRARY`` the plugin is at work, without it vLLM is as it is.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

POPULAR = ("one", "two")
STREAM = 60
"""Requests for the popular adapters, 2 at each step."""
ENGINE: dict[str, Any] = {
    "dtype": "float32",
    "skip_tokenizer_init": True,
    "enforce_eager": True,
    "enable_lora": True,
    "max_loras": 2,
    "max_cpu_loras": 8,
    "max_lora_rank": 16,
    "max_model_len": 64,
    "max_num_seqs": 8,
    "kv_cache_memory_bytes": 2**24,
    "seed": 0,
}


def main() -> None:
    os.environ |= {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "TORCHDYNAMO_DISABLE": "1",
    }
    answers, sys.stdout = sys.stdout, sys.stderr
    model, library = sys.argv[1:3]
    from vllm import LLM, SamplingParams
    from vllm.inputs import TokensPrompt
    from vllm.lora.request import LoRARequest

    engine = LLM(model, **ENGINE).llm_engine
    options = SamplingParams(max_tokens=4, temperature=0, ignore_eos=True, detokenize=False)
    names = [*POPULAR, "three"]

    def ask(name: str, number: int) -> None:
        path = str(Path(library) / "skills" / name / "adapter")
        request = LoRARequest(name, names.index(name) + 1, path)
        prompt = TokensPrompt(prompt_token_ids=[1 + number % 50, 2, 3])
        engine.add_request(f"{name} {number}", prompt, options, lora_request=request)

    ended: list[str] = []
    number = 0
    while engine.has_unfinished_requests() or number < STREAM:
        if number < STREAM:
            for name in POPULAR:
                ask(name, number)
                number += 1
        if number == 4:
            ask("three", number)
        ended += [output.request_id for output in engine.step() if output.finished]
    json.dump([request.split(" ")[0] for request in ended], answers)


if __name__ == "__main__":
    main()

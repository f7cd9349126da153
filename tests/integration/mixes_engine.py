"""The vLLM engine of `test_mixes`, in a process of its own: ``python mixes_engine.py MODEL JOBS``.

Reads jobs as JSON, each a batch of prompts (token ids), model names (``""`` is the base model) and
a number of tokens; writes what was generated, with log-probabilities, as JSON to standard output.
vLLM warns and logs too much to be imported into the tests' own process.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

TOP = 5

ENGINE: dict[str, Any] = {
    "dtype": "float32",
    "skip_tokenizer_init": True,
    "enforce_eager": True,
    "enable_lora": True,
    "max_loras": 8,
    "max_cpu_loras": 8,
    "max_lora_rank": 64,
    "max_model_len": 256,
    "max_num_batched_tokens": 48,
    "max_num_seqs": 16,
    "block_size": 32,
    "num_gpu_blocks_override": 24,
    "gpu_memory_utilization": 0.05,
    "enable_prefix_caching": True,
    "disable_log_stats": False,
    "seed": 0,
}


def main() -> None:
    os.environ |= {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_LOGGING_LEVEL": "WARNING",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "TORCHDYNAMO_DISABLE": "1",
    }
    answers = sys.stdout
    sys.stdout = sys.stderr
    from vllm import LLM, SamplingParams
    from vllm.inputs import TokensPrompt

    from skillweave.agent.serving.plugin.install import installed
    from skillweave.agent.serving.plugin.requests import request_for

    llm = LLM(sys.argv[1], **ENGINE)
    ids: dict[str, int] = {}

    def adapter(name: str) -> Any:
        return request_for(name, lora_int_id=ids.setdefault(name, len(ids) + 1)) if name else None

    def preemptions() -> int:
        metrics = [m for m in llm.get_metrics() if m.name == "vllm:num_preemptions"]
        return sum(m.value for m in metrics)

    results = []
    for job in json.loads(Path(sys.argv[2]).read_text()):
        if job.get("fresh"):
            llm.reset_prefix_cache()
        before = preemptions()
        outputs = llm.generate(
            [TokensPrompt(prompt_token_ids=ids) for ids in job["prompts"]],
            SamplingParams(
                max_tokens=job["tokens"],
                temperature=0,
                ignore_eos=True,
                logprobs=TOP,
                detokenize=False,
            ),
            lora_request=[adapter(name) for name in job["models"]],
            use_tqdm=False,
        )
        rows = [
            {
                "tokens": list(output.outputs[0].token_ids),
                "logprobs": [
                    {str(token): found.logprob for token, found in step.items()}
                    for step in output.outputs[0].logprobs
                ],
                "cached": output.num_cached_tokens,
            }
            for output in outputs
        ]
        results.append({"rows": rows, "preemptions": preemptions() - before})
    json.dump({"installed": installed(), "results": results}, answers)


if __name__ == "__main__":
    main()

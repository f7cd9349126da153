"""The vLLM engine of `test_mixes`, in a process of its own: ``python mixes_engine.py MODEL JOBS LAYERS``.

Reads jobs as JSON, each a batch of prompts (token ids), model names (``""`` is the base model) and
a number of tokens; writes what was generated, with log-probabilities, as JSON to standard output.
vLLM warns and logs too much to be imported into the tests' own process. LAYERS is ``cpu``, or ``gpu``
for the layers of a GPU with static buffers, whose kernels `Kernels` stands in for.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
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
    "max_num_seqs": 16,
    # Small, so that long prompts are cut up and long answers run out of room.
    "max_num_batched_tokens": 64,
    "block_size": 32,
    "num_gpu_blocks_override": 28,
    "kv_cache_memory_bytes": 2**26,
    "enable_prefix_caching": True,
    "disable_log_stats": False,
    "seed": 0,
}


class Kernels:
    """vLLM's punica wrapper with what its Triton kernels do, in plain torch: one slot after the other."""

    def __init__(self, shared: Any) -> None:
        self._shared = shared

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shared, name)

    def add_shrink(self, y: Any, x: Any, stacked: Any, scale: float) -> None:
        """Into ``y [slices, tokens, rank]``, which the kernel zeroes first."""
        y.zero_()
        for slot, rows in self._rows(len(x), len(stacked[0])):
            for index, a in enumerate(stacked):
                y[index, rows] = x[rows] @ a[slot, 0].T * scale

    def add_expand(self, y: Any, x: Any, stacked: Any, slices: Any, add_inputs: bool) -> None:
        if not add_inputs:
            y.zero_()
        for slot, rows in self._rows(x.shape[1], len(stacked[0])):
            begin = 0
            for index, b in enumerate(stacked):
                end = begin + b.shape[2]
                y[rows, begin:end] += x[index, rows] @ b[slot, 0].T
                begin = end

    def _rows(self, tokens: int, slots: int) -> Iterator[tuple[int, Any]]:
        wanted = self._shared._token_lora_indices[:tokens]
        for slot in range(slots):
            rows = (wanted == slot).nonzero().squeeze(1)
            if len(rows):
                yield slot, rows


def use_gpu_layers() -> None:
    """Linear layers get what they get on a GPU that records CUDA graphs."""
    from vllm.lora.layers.base_linear import BaseLinearLayerWithLoRA

    from skillweave.agent.serving.plugin.gpu import GpuLayer
    from skillweave.agent.serving.plugin.slots import ModelManager
    from skillweave.agent.serving.plugin.static import StaticGates

    stock = ModelManager._layer

    def layer(self: Any, module: Any) -> Any:
        if not isinstance(module, BaseLinearLayerWithLoRA):
            return stock(self, module)
        shared = module.punica_wrapper
        batch = self._batches[id(shared)][1]
        return GpuLayer(Kernels(shared), batch, StaticGates(module.lora_a_stacked))

    ModelManager._layer = layer  # type: ignore[method-assign]


class Engine:
    """Runs jobs, and counts what vLLM did on the way."""

    def __init__(self, model: str, layers: str) -> None:
        from vllm import LLM

        from skillweave.agent.serving.plugin import batch
        from skillweave.agent.serving.plugin.install import installed

        if layers == "gpu":
            use_gpu_layers()
        batch.MANY = 24  # else no run of tokens would be long enough to be computed apart
        self._llm = LLM(model, **ENGINE)
        if not installed():
            raise SystemExit("vLLM did not load the plugin")
        self._ids: dict[str, int] = {}

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        from vllm import SamplingParams
        from vllm.inputs import TokensPrompt

        if not job["cached"]:
            self._llm.reset_prefix_cache()
        before = self._preemptions()
        loaded = self._llm.llm_engine.list_loras()
        outputs = self._llm.generate(
            [TokensPrompt(prompt_token_ids=ids) for ids in job["prompts"]],
            SamplingParams(
                max_tokens=job["tokens"],
                temperature=0,
                ignore_eos=True,
                logprobs=TOP,
                prompt_logprobs=TOP if job["scored"] else None,
                detokenize=False,
            ),
            lora_request=[self._adapter(name) for name in job["models"]],
            use_tqdm=False,
        )
        wanted = {self._ids[name] for name in job["models"] if name}
        return {
            "rows": [_row(output) for output in outputs],
            "preemptions": self._preemptions() - before,
            "loaded_before": len(wanted & loaded),
        }

    def _adapter(self, name: str) -> Any:
        from skillweave.agent.serving.plugin.requests import request_for

        if not name:
            return None
        number = self._ids.setdefault(name, len(self._ids) + 1)
        return request_for(name, lora_int_id=number)

    def _preemptions(self) -> int:
        metrics = self._llm.get_metrics()
        return sum(metric.value for metric in metrics if metric.name == "vllm:num_preemptions")


def _row(output: Any) -> dict[str, Any]:
    answer = output.outputs[0]
    return {
        "tokens": list(answer.token_ids),
        "logprobs": [_logprobs(step) for step in answer.logprobs],
        "cached": output.num_cached_tokens,
        "prompt": [_logprobs(step) for step in (output.prompt_logprobs or [])[1:]],
    }


def _logprobs(step: Any) -> dict[str, float]:
    return {str(token): found.logprob for token, found in step.items()}


def version() -> str:
    """Of the vLLM that runs."""
    import vllm

    return str(vllm.__version__)


def main() -> None:
    os.environ |= {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "TORCHDYNAMO_DISABLE": "1",
    }
    answers, sys.stdout = sys.stdout, sys.stderr
    engine = Engine(sys.argv[1], sys.argv[3])
    jobs = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    results = {name: engine.run(job) for name, job in jobs.items()}
    results["engine"] = {"tokens_at_once": ENGINE["max_num_batched_tokens"], "vllm": version()}
    json.dump(results, answers)


if __name__ == "__main__":
    main()

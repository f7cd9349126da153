"""One of the systems that the serving benchmark compares, in a process of its own.

``python -m skillweave.evals.serving_system SYSTEM MODEL LIBRARY`` reads a `Load` as JSON from each
line of standard input, answers all its requests and writes a `Run` for it. The processes live side
by side and take turns, so that what the machine does meanwhile meets all of them alike.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Protocol

from skillweave.evals.serving_load import BATCH, MAX_RANK, SLOTS, Load
from skillweave.skills.model import Frozen

KEPT = 64
"""Adapters that vLLM keeps in memory, as `skillweave serve` has it."""


class Run(Frozen):
    """One load, answered once."""

    seconds: float
    cpu_seconds: float
    """Of this process: other work on the machine hardly changes it."""
    tokens: int
    """Generated."""
    peak_mb: float
    """The most memory that the process held while it ran."""
    adapter_seconds: float = 0.0
    """CPU time in the adapters' arithmetic; measured of the plugin only."""


class System(Protocol):
    """Answers loads."""

    @property
    def adapter_seconds(self) -> float:
        """CPU time in the adapters' arithmetic so far, where it is measured."""

    def prepare(self, load: Load) -> None:
        """What is not timed."""

    def run(self, load: Load) -> int:
        """Answer every request; returns the number of tokens generated."""


class AdapterClock:
    """Adds up the CPU time of what the plugin's layers do for adapters."""

    def __init__(self) -> None:
        from skillweave.agent.serving.plugin.cpu import CpuLayer

        self.seconds = 0.0
        for name in ("add_lora_linear", "add_lora_logits", "add_lora_embedding"):
            setattr(CpuLayer, name, self._timing(getattr(CpuLayer, name)))

    def _timing(self, method: Callable[..., None]) -> Callable[..., None]:
        @wraps(method)
        def timed(*args: object, **kwargs: object) -> None:
            began = time.process_time()
            method(*args, **kwargs)
            self.seconds += time.process_time() - began

        return timed


class Vllm:
    """vLLM in this process: with the plugin when ``SKILLWEAVE_LIBRARY`` is set, else as it is."""

    def __init__(self, model: str, library: str, *, adapters: bool) -> None:
        from vllm import LLM

        from skillweave.agent.serving.plugin.install import installed

        options: dict[str, Any] = {
            "dtype": "bfloat16",
            "skip_tokenizer_init": True,
            "enforce_eager": True,
            "max_model_len": 512,
            "max_num_seqs": BATCH,
            "max_num_batched_tokens": 2048,
            "kv_cache_memory_bytes": 2**30,
            "enable_prefix_caching": False,  # else only the first run would compute the prompts
            "seed": 0,
        }
        if adapters:
            options |= {"max_loras": SLOTS, "max_cpu_loras": KEPT, "max_lora_rank": MAX_RANK}
        self._llm = LLM(model, enable_lora=adapters, **options)
        self.plugin = adapters and installed()
        self._clock = AdapterClock() if self.plugin else None
        self._library = Path(library)
        self._requests: dict[str, Any] = {}

    @property
    def adapter_seconds(self) -> float:
        return self._clock.seconds if self._clock else 0.0

    def prepare(self, load: Load) -> None:
        """Name the adapters; vLLM loads them when they are used."""
        for name in load.adapters:
            if name and name not in self._requests:
                self._requests[name] = self._request(name, len(self._requests) + 1)

    def run(self, load: Load) -> int:
        from vllm import SamplingParams
        from vllm.inputs import TokensPrompt

        options = SamplingParams(
            max_tokens=load.tokens, temperature=0, ignore_eos=True, detokenize=False
        )
        outputs = self._llm.generate(
            [TokensPrompt(prompt_token_ids=list(ids)) for ids in load.prompts],
            options,
            lora_request=[self._requests.get(name) for name in load.adapters],
            use_tqdm=False,
        )
        return sum(len(output.outputs[0].token_ids) for output in outputs)

    def _request(self, name: str, number: int) -> Any:
        from vllm.lora.request import LoRARequest

        from skillweave.agent.serving.plugin.requests import request_for

        if self.plugin:
            return request_for(name, lora_int_id=number)
        return LoRARequest(name, number, str(self._library / "skills" / name / "adapter"))


class Peft:
    """PEFT's batch of several adapters: ``generate(..., adapter_names=[...])``."""

    adapter_seconds = 0.0

    def __init__(self, model: str, library: str) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        self._base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.bfloat16).eval()
        self._peft: Any = None
        self._library = Path(library)
        self._loaded: set[str] = set()

    def prepare(self, load: Load) -> None:
        """Load the adapters, in the type of the model."""
        from peft import PeftModel

        options = {"autocast_adapter_dtype": False, "low_cpu_mem_usage": True}
        for name in dict.fromkeys(load.adapters):
            if not name or name in self._loaded:
                continue
            folder = str(self._library / "skills" / name / "adapter")
            if self._peft is None:
                self._peft = PeftModel.from_pretrained(
                    self._base, folder, adapter_name=name, **options
                ).eval()
            else:
                self._peft.load_adapter(folder, adapter_name=name, **options)
            self._loaded.add(name)

    def run(self, load: Load) -> int:
        import torch

        count = 0
        for begin in range(0, len(load.prompts), BATCH):
            ids = torch.tensor(load.prompts[begin : begin + BATCH])
            names = [name or "__base__" for name in load.adapters[begin : begin + BATCH]]
            with torch.inference_mode():
                found = self._peft.generate(
                    input_ids=ids,
                    attention_mask=torch.ones_like(ids),
                    adapter_names=names,
                    max_new_tokens=load.tokens,
                    min_new_tokens=load.tokens,
                    do_sample=False,
                    pad_token_id=0,
                )
            count += found[:, ids.shape[1] :].numel()
        return count


def open_system(name: str, model: str, library: str) -> System:
    """The system of that name."""
    if name == "peft":
        return Peft(model, library)
    system = Vllm(model, library, adapters=name != "base")
    if system.plugin != (name == "plugin"):
        raise SystemExit(f"{name}: the plugin is {'' if system.plugin else 'not '}installed")
    return system


def timed(system: System, load: Load) -> Run:
    """One run."""
    system.prepare(load)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak so far
    adapters, began, cpu = system.adapter_seconds, time.perf_counter(), time.process_time()
    tokens = system.run(load)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    return Run(
        seconds=round(seconds, 4),
        cpu_seconds=round(cpu_seconds, 4),
        tokens=tokens,
        peak_mb=_peak_mb(),
        adapter_seconds=round(system.adapter_seconds - adapters, 4),
    )


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024, 1)


def main() -> None:
    os.environ |= {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "TORCHDYNAMO_DISABLE": "1",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # libraries log to standard output
        system = open_system(*sys.argv[1:4])
        for line in sys.stdin:
            answers.write(timed(system, Load.model_validate_json(line)).model_dump_json() + "\n")
            answers.flush()


if __name__ == "__main__":
    main()

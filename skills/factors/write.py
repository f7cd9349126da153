"""Factors as a PEFT adapter folder, which PEFT and vLLM load as they load any other."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from skillweave.skills.adapter import CONFIG_FILE, WEIGHTS_FILE
from skillweave.skills.atomic import write_folder
from skillweave.skills.errors import AdapterError
from skillweave.skills.factors.value import Adapter, Factors


def write_adapter(
    adapter: Adapter,
    folder: Path | str,
    *,
    base_model: str = "",
    base: str = "",
    task: str | None = "CAUSAL_LM",
) -> None:
    """Write ``adapter_config.json`` and ``adapter_model.safetensors``, replacing the folder whole.

    ``base_model`` is the name or folder PEFT loads the base from, ``base`` the sha256 of its
    weights, ``task`` PEFT's type of task. Alpha is written equal to the rank, so that the scaling
    is 1: it is in ``b`` already. Ranks other than the most frequent one stand in the patterns.
    """
    from safetensors.torch import save

    if not adapter:
        raise AdapterError(f"{folder}: no factors to write; give at least one module")
    tensors = {}
    for module, factors in adapter.items():
        for side, tensor in (("A", factors.a), ("B", factors.b)):
            tensors[_tensor_name(module, side, factors)] = tensor.detach().cpu().contiguous()
    config = {**_config(adapter), "base_model_name_or_path": base_model or None, "task_type": task}
    if base:
        config["skillweave_base"] = base
    files = {
        CONFIG_FILE: (json.dumps(config, indent=2, sort_keys=True) + "\n").encode(),
        WEIGHTS_FILE: save(tensors, metadata={"format": "pt"}),
    }
    write_folder(files, Path(folder))


def _tensor_name(module: str, side: str, factors: Factors) -> str:
    if factors.embedding:
        return f"base_model.model.{module}.lora_embedding_{side}"
    return f"base_model.model.{module}.lora_{side}.weight"


def _config(adapter: Adapter) -> dict[str, object]:
    ranks = Counter(factors.rank for factors in adapter.values())
    rank = max(ranks, key=lambda r: (ranks[r], r))
    others = {module: f.rank for module, f in sorted(adapter.items()) if f.rank != rank}
    return {
        "peft_type": "LORA",
        "inference_mode": True,
        "r": rank,
        "lora_alpha": rank,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "init_lora_weights": True,
        "use_rslora": False,
        "rank_pattern": others,
        "alpha_pattern": others,
        "target_modules": sorted(adapter),
    }

"""A PEFT adapter folder as factors, with its scaling folded in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from skillweave.skills.adapter import (
    CONFIG_FILE,
    FACTOR,
    FUSED,
    MAX_RANK,
    WEIGHTS_FILE,
    read_adapter,
)
from skillweave.skills.errors import AdapterError
from skillweave.skills.factors.value import Factors
from skillweave.skills.peft_config import PeftConfig

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def read_factors(
    folder: Path | str, *, dtype: torch.dtype | None = None, max_rank: int = MAX_RANK
) -> dict[str, Factors]:
    """The factors of an adapter folder, or of a skill's folder with ``adapter/`` in it.

    ``dtype`` is float32 unless given. A module's scaling is ``alpha / rank``, with rsLoRA
    ``alpha / sqrt(rank)`` (Kalajdzievski 2023, https://arxiv.org/abs/2312.03732), where both
    numbers may come from a pattern; it is multiplied into ``b``.

    Raises:
        AdapterError: the adapter is damaged, not finite, not plain LoRA or above ``max_rank``, or
            it adapts parameters or fused experts, whose factors are not those of one matrix.
    """
    import torch
    from safetensors.torch import load_file

    folder = Path(folder)
    if not (folder / CONFIG_FILE).exists() and (folder / "adapter").is_dir():
        folder = folder / "adapter"
    read_adapter(folder, max_rank=max_rank)
    file = folder / CONFIG_FILE
    config = PeftConfig(json.loads(file.read_bytes()), file)
    if config.parameters:
        raise AdapterError(f"{file}: target_parameters cannot be mixed; train on target_modules")
    pairs: dict[str, dict[str, Tensor]] = {}
    embeddings = set()
    for name, tensor in load_file(folder / WEIGHTS_FILE).items():
        match = FACTOR.fullmatch(name)
        if match is None:
            continue
        module = match["module"]
        if module.endswith(FUSED):
            raise AdapterError(f"{file}: fused experts ({module}) cannot be mixed; serve it alone")
        pairs.setdefault(module, {})[match["side"]] = tensor.to(dtype or torch.float32)
        if match["embedding"]:
            embeddings.add(module)
    return {
        module: Factors(pair["A"], pair["B"] * config.scaling_of(module), module in embeddings)
        for module, pair in sorted(pairs.items())
    }

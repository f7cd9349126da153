"""MiniLM in torch, to be tuned: its own weights are frozen, LoRA in every linear layer is trained.

`skillweave.store.minilm` runs what comes out: see its `with_lora`.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn


class LoRA(nn.Module):
    """A frozen linear layer and a low-rank change of it (https://arxiv.org/abs/2106.09685)."""

    def __init__(self, base: nn.Linear, rank: int):
        super().__init__()
        self.base = base.to(torch.bfloat16).requires_grad_(False)
        self.down = nn.Parameter(torch.randn(rank, base.in_features) / math.sqrt(base.in_features))
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        """``[..., inputs]`` to ``[..., outputs]``."""
        y: Tensor = self.base(x)
        return y + (x @ self.down.T) @ self.up.T


def tunable_minilm(folder: Path, rank: int) -> Any:
    """The model of ``folder`` as a `BertModel` of transformers; only its LoRA can be trained."""
    from transformers import BertConfig, BertModel

    # Not torch's fused attention: its backward pass takes longer on a CPU than all the rest.
    config = BertConfig.from_pretrained(folder, attn_implementation="eager")
    encoder = BertModel(config, add_pooling_layer=False)
    tensors = load_file(folder / "model.safetensors")
    encoder.load_state_dict({name: tensors[name] for name in encoder.state_dict()})
    encoder.requires_grad_(False)
    for layer in encoder.encoder.layer:
        for name, module in list(layer.named_modules()):
            if isinstance(module, nn.Linear):
                owner, _, last = name.rpartition(".")
                setattr(layer.get_submodule(owner), last, LoRA(module, rank))
    return encoder

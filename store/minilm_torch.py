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


def rate_share(done: float, warm: float, flat: float) -> float:
    """The learning rate as a share of its peak: it rises, stays, and falls to 0 along a cosine.

    Args:
        done: share of the training that is behind.
        warm: share over which the rate rises.
        flat: share after which it falls.

    >>> [round(rate_share(n / 100, warm=0.1, flat=0.5), 2) for n in (0, 5, 10, 50, 75, 100)]
    [0.0, 0.5, 1.0, 1.0, 0.5, 0.0]
    """
    falling = max(0.0, done - flat) / (1.0 - flat)
    return min(1.0, done / warm) * 0.5 * (1.0 + math.cos(math.pi * falling))

"""The LoRA of a whole batch as dense products over all its slots.

``y += ((x @ Aᵀ) ∘ W) @ Bᵀ``, where ``A`` and ``B`` hold the factors of all packed slots. Stock vLLM
gathers both factors for every token on the CPU, which costs as much memory traffic as there are
tokens, and gives tokens of the base model the adapter of the last slot (index -1). Here their row
of ``W`` is zero, so that exactly nothing is added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from skillweave.agent.serving.plugin.batch import Layout, Plan
from skillweave.agent.serving.plugin.compose import ModuleGate

if TYPE_CHECKING:
    from torch import Tensor

Gates = Mapping[int, Sequence[ModuleGate | None]]
"""For every gated slot, the gate of each slice of the layer."""


@dataclass(frozen=True, slots=True)
class Part:
    """The packed factors of one slice of a layer's output (q, k and v are slices of one layer)."""

    index: int
    """Which slice."""
    begin: int
    end: int
    """Its columns in the layer's output."""
    a: Tensor
    """``[columns, in]``."""
    b: Tensor
    """``[columns, out]``."""


def pack(
    stacked_a: Sequence[Tensor],
    stacked_b: Sequence[Tensor],
    layout: Layout,
    filled: Mapping[int, Sequence[bool]],
) -> list[Part]:
    """The factors of the layout's slots at their real ranks, slices that no slot fills left out.

    ``stacked_a`` are vLLM's ``[slots, 1, max_rank, in]`` of every slice, ``stacked_b``
    ``[slots, 1, out, max_rank]``; ``filled`` says which slices a slot has weights for.
    """
    parts = []
    begin = 0
    for index, (a, b) in enumerate(zip(stacked_a, stacked_b, strict=True)):
        end = begin + b.shape[-2]
        if any(filled[slot][index] for slot in layout.slots if slot in filled):
            pairs = list(zip(layout.slots, layout.ranks, strict=True))
            rows = torch.cat([a[slot, 0, :rank] for slot, rank in pairs])
            columns = torch.cat([b[slot, 0, :, :rank] for slot, rank in pairs], dim=1)
            parts.append(Part(index, begin, end, rows, columns.T.contiguous()))
        begin = end
    return parts


def add(y: Tensor, x: Tensor, parts: Sequence[Part], plan: Plan, gates: Gates) -> None:
    """Add the LoRA of every token of ``x [tokens, in]`` to ``y [tokens, out]``, in place."""
    weights = None if plan.uniform and not gates else plan.weights(x.dtype)
    for part in parts:
        shrunk = x @ part.a.T
        if weights is not None:
            shrunk.mul_(gated(weights, x, part.index, plan, gates))
        y[:, part.begin : part.end].addmm_(shrunk, part.b)


def gated(weights: Tensor, x: Tensor, index: int, plan: Plan, gates: Gates) -> Tensor:
    """``W`` with the weights of the gates written into the columns of their slots."""
    fresh = None
    for slot, of_slices in gates.items():
        gate = of_slices[index]
        if gate is None:
            continue
        fresh = weights.clone() if fresh is None else fresh
        tokens = plan.tokens_of(slot)
        start = plan.layout.start(slot)
        end = start + sum(gate.ranks)
        fresh[tokens, start:end] = gate(x[tokens]).to(fresh.dtype)
    return weights if fresh is None else fresh

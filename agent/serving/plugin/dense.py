"""The LoRA of a whole batch as dense products over all its slots.

``y += ((x @ Aᵀ) ∘ W) @ Bᵀ``, where ``A`` and ``B`` hold the factors of all packed slots. Stock vLLM
gathers both factors for every token on the CPU, which costs as much memory traffic as there are
tokens, and gives tokens of the base model the adapter of the last slot (index -1). Here their row
of ``W`` is zero, so that exactly nothing is added.

That computes every adapter for every token, which costs nothing while the factors come from memory
anyway, as in decoding. For the long runs of tokens that prompts are, `add_by_run` computes each its
own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from skillweave.agent.serving.plugin.batch import Layout, Plan
from skillweave.agent.serving.plugin.compose import ModuleGate

if TYPE_CHECKING:
    from torch import Tensor

Gates = Mapping[int, Sequence[ModuleGate | None]]
"""For every gated slot, the gate of each slice of the layer."""
Product = Callable[["Tensor"], "Tensor"]
"""``x [tokens, in]`` times a fixed matrix: ``[tokens, out]``."""
MakeProduct = Callable[["Tensor"], Product]
"""Makes the product with a matrix ``[in, out]``."""


@dataclass(frozen=True, slots=True)
class Part:
    """One slice of a layer's output that adapters change (q, k and v are slices of one layer)."""

    index: int
    """Which slice."""
    begin: int
    end: int
    """Its columns in the layer's output."""
    expand: Product
    """``[tokens, columns]`` to ``[tokens, end - begin]``."""


@dataclass(frozen=True, slots=True)
class Packed:
    """The factors of one layer for all slots of a layout."""

    shrink: Product
    """``[tokens, in]`` to ``[tokens, parts * columns]``, in one go."""
    parts: tuple[Part, ...]


def plain(matrix: Tensor) -> Product:
    """The product as torch computes it."""
    return lambda x: x @ matrix


def pack(
    stacked_a: Sequence[Tensor],
    stacked_b: Sequence[Tensor],
    layout: Layout,
    filled: Mapping[int, Sequence[bool]],
    make: MakeProduct = plain,
) -> Packed:
    """The factors of the layout's slots at their real ranks, slices that no slot fills left out.

    ``stacked_a`` are vLLM's ``[slots, 1, max_rank, in]`` of every slice, ``stacked_b``
    ``[slots, 1, out, max_rank]``; ``filled`` says which slices a slot has weights for.
    """
    pairs = list(zip(layout.slots, layout.ranks, strict=True))
    rows, parts, begin = [], [], 0
    for index, (a, b) in enumerate(zip(stacked_a, stacked_b, strict=True)):
        end = begin + b.shape[-2]
        if any(filled[slot][index] for slot in layout.slots if slot in filled):
            rows += [a[slot, 0, :rank] for slot, rank in pairs]
            columns = torch.cat([b[slot, 0, :, :rank].T for slot, rank in pairs])
            parts.append(Part(index, begin, end, make(columns)))
        begin = end
    return Packed(make(torch.cat(rows).T), tuple(parts))


def add(y: Tensor, x: Tensor, packed: Packed, plan: Plan, gates: Gates) -> None:
    """Add the LoRA of every token of ``x [tokens, in]`` to ``y [tokens, out]``, in place."""
    shrunk = packed.shrink(x).view(x.shape[0], len(packed.parts), -1)
    if gates:
        for i, part in enumerate(packed.parts):
            shrunk[:, i] *= gated(plan.weights(x.dtype), x, part.index, plan, gates)
    elif not plan.uniform:
        shrunk.mul_(plan.weights(x.dtype).unsqueeze(1))
    for i, part in enumerate(packed.parts):
        y[:, part.begin : part.end].add_(part.expand(shrunk[:, i]))


def add_by_run(
    y: Tensor,
    x: Tensor,
    stacked: tuple[Sequence[Tensor], Sequence[Tensor]],
    plan: Plan,
    filled: Mapping[int, Sequence[bool]],
    gates: Gates,
) -> None:
    """The same, one run of tokens after the other; ``stacked`` are both factors as `pack` takes them."""
    stacked_a, stacked_b = stacked
    rows: dict[int, Tensor] = {}
    for slot, first, last in plan.runs:
        used = [index for index, there in enumerate(filled.get(slot, ())) if there]
        if not used:
            continue
        rank, own = plan.layout.rank(slot), x[first:last]
        if slot not in rows:
            rows[slot] = torch.cat([stacked_a[index][slot, 0, :rank] for index in used])
        shrunk = (own @ rows[slot].T).view(len(own), len(used), rank)
        for place, index in enumerate(used):
            part, gate = shrunk[:, place], gates[slot][index] if slot in gates else None
            if gate is not None:
                part[:, : gate.columns] *= gate(own).to(part.dtype)
            columns = stacked_b[index][slot, 0, :, :rank].T
            begin = sum(b.shape[-2] for b in stacked_b[:index])
            # A product that adds would round in another way than `add` does.
            y[first:last, begin : begin + columns.shape[1]].add_(part @ columns)


def gated(weights: Tensor, x: Tensor, index: int, plan: Plan, gates: Gates) -> Tensor:
    """``W`` with the weights of the gates written into the columns of their slots."""
    fresh = weights.clone()
    for slot, of_slices in gates.items():
        gate = of_slices[index]
        if gate is not None:
            start = plan.layout.start(slot)
            columns = fresh[:, start : start + gate.columns]
            if plan.uniform:
                columns.copy_(gate(x))
            else:
                tokens = plan.tokens_of(slot)
                columns[tokens] = gate(x[tokens]).to(fresh.dtype)
    return fresh

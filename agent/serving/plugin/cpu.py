"""What a layer of the model calls on the CPU in place of vLLM's punica wrapper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skillweave.agent.serving.plugin.batch import Batch, Layout, Plan
from skillweave.agent.serving.plugin.compose import ModuleGate
from skillweave.agent.serving.plugin.dense import MakeProduct, Packed, add, add_by_run, pack, plain

if TYPE_CHECKING:
    from torch import Tensor

KEPT_LAYOUTS = 2
WORTH_PREPARING = 8
"""Uses of a layout after which its products are prepared: it costs what ten steps then save."""


@dataclass
class Kept:
    """The packed factors of a layout, and how often they were used."""

    packed: Packed
    uses: int = 0


class CpuLayer:
    """The punica wrapper of one layer: its own for linear layers, vLLM's for everything else."""

    def __init__(self, shared: Any, batch: Batch, make: MakeProduct = plain) -> None:
        self._shared = shared
        self._batch = batch
        self._make = make
        self._filled: dict[int, tuple[bool, ...]] = {}
        self._gates: dict[int, tuple[ModuleGate | None, ...]] = {}
        self._kept: dict[Layout, Kept] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shared, name)

    def set_slot(
        self, slot: int, filled: tuple[bool, ...], gates: tuple[ModuleGate | None, ...]
    ) -> None:
        """Which slices of the layer the adapter in a slot changes, and the gate of each."""
        self._filled.pop(slot, None)
        self._gates.pop(slot, None)
        if any(filled):
            self._filled[slot] = filled
        if any(gates):
            self._gates[slot] = gates

    def add_lora_linear(
        self,
        y: Tensor,
        x: Tensor,
        lora_a_stacked: tuple[Tensor, ...],
        lora_b_stacked: tuple[Tensor, ...],
        scale: float,
        output_slices: tuple[int, ...],
        *,
        buffer: object = None,
        **kwargs: object,
    ) -> None:
        """Add what the adapters change to the output ``y`` of a linear layer. ``scale`` is 1."""
        plan = self._batch.plan
        if self._idle(plan):
            return
        y, x = y.view(-1, y.shape[-1]), x.view(-1, x.shape[-1])
        gates = {slot: self._gates[slot] for slot in plan.active if slot in self._gates}
        if plan.in_runs:
            add_by_run(y, x, (lora_a_stacked, lora_b_stacked), plan, self._filled, gates)
        else:
            add(y, x, self._packed(plan.layout, lora_a_stacked, lora_b_stacked), plan, gates)

    def add_lora_logits(
        self,
        y: Tensor,
        x: Tensor,
        lora_a_stacked: Tensor,
        lora_b_stacked: Tensor,
        scale: float,
        **kwargs: object,
    ) -> None:
        """The same for the output layer, whose rows are those of the tokens to be sampled or scored."""
        plan = self._batch.plan
        if self._idle(plan):
            return
        sampled = Plan(self._rows(x, plan), plan.active, plan.layout)
        packed = self._packed(plan.layout, (lora_a_stacked,), (lora_b_stacked,))
        add(y.view(-1, y.shape[-1]), x.view(-1, x.shape[-1]), packed, sampled, {})

    def add_lora_embedding(
        self,
        y: Tensor,
        x: Tensor,
        lora_b_stacked: Tensor,
        add_inputs: bool = True,
        **kwargs: object,
    ) -> None:
        """The same for an embedding, of which ``x`` is already looked up ``[tokens, max_rank]``."""
        if not self._idle(self._batch.plan):
            base = (self._batch.plan.tokens < 0).unsqueeze(1)
            self._shared.add_lora_embedding(y, x.masked_fill(base, 0.0), lora_b_stacked, add_inputs)

    def add_shrink(self, y: Tensor, x: Tensor, *args: object, **kwargs: object) -> None:
        """Half of a linear layer, for fully sharded adapters: rows of the base model stay zero."""
        self._shared.add_shrink(y, x, *args, **kwargs)
        base = (self._batch.plan.tokens < 0).unsqueeze(1)
        for part in y:
            part.masked_fill_(base, 0.0)

    def _rows(self, x: Tensor, plan: Plan) -> Tensor:
        """The slot of every row that the output layer is asked for.

        For the log-probabilities of a prompt vLLM hands over a slice of the batch's hidden states and
        does not say which; where it lies in their memory does. Sampled rows are a copy of their own.
        """
        sampled: Tensor = self._shared.sampler_indices
        if len(x) == len(sampled) and x.untyped_storage().nbytes() == x.nbytes:
            return sampled
        first = x.storage_offset() // x.shape[-1]
        return plan.tokens[first : first + len(x)]

    def _idle(self, plan: Plan) -> bool:
        """Whether no adapter of the batch changes this layer."""
        return not any(slot in self._filled for slot in plan.active)

    def _packed(
        self, layout: Layout, stacked_a: tuple[Tensor, ...], stacked_b: tuple[Tensor, ...]
    ) -> Packed:
        kept = self._kept.get(layout)
        if kept is None:
            while len(self._kept) >= KEPT_LAYOUTS:
                del self._kept[next(iter(self._kept))]
            kept = Kept(pack(stacked_a, stacked_b, layout, self._filled))
            self._kept[layout] = kept
        kept.uses += 1
        if kept.uses == WORTH_PREPARING and self._make is not plain:
            kept.packed = pack(stacked_a, stacked_b, layout, self._filled, self._make)
        return kept.packed

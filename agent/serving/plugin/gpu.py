"""What a layer of the model calls on a GPU in place of vLLM's punica wrapper.

Shrink and expand are vLLM's own kernels; between them the gates weigh the columns of each token.

The tests run these layers inside vLLM with plain torch in place of the kernels, and replay what was
recorded once of the gates. What comes out on a GPU has not been compared yet (`skillweave.evals.gpu`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from skillweave.agent.serving.plugin.batch import Batch
from skillweave.agent.serving.plugin.compose import ModuleGate
from skillweave.agent.serving.plugin.static import StaticGates

if TYPE_CHECKING:
    from torch import Tensor


class GpuLayer:
    """The punica wrapper of one linear layer.

    With ``static`` gates it may be recorded in a CUDA graph; without, it looks at the batch and
    can apply any gate.
    """

    def __init__(self, shared: Any, batch: Batch, static: StaticGates | None) -> None:
        self._shared = shared
        self._batch = batch
        self._static = static
        self._gates: dict[int, tuple[ModuleGate | None, ...]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shared, name)

    def set_slot(
        self, slot: int, filled: tuple[bool, ...], gates: tuple[ModuleGate | None, ...]
    ) -> None:
        """The gate of every slice of the layer for the adapter in a slot."""
        self._gates.pop(slot, None)
        if any(gates):
            self._gates[slot] = gates
        if self._static is not None:
            self._static.set_slot(slot, gates)

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
        add_inputs: bool = True,
        **kwargs: object,
    ) -> None:
        """Add what the adapters change to the output ``y`` of a linear layer."""
        rank = lora_b_stacked[0].shape[-1]
        shape = (len(output_slices), x.shape[0], rank)
        shrunk = torch.empty(shape, dtype=torch.float32, device=x.device)  # the kernel zeroes it
        self._shared.add_shrink(shrunk, x, lora_a_stacked, scale)
        if self._static is not None:
            tokens = self._shared._token_lora_indices[: x.shape[0]]  # noqa: SLF001
            shrunk.mul_(self._static.weights(x, tokens))
        else:
            self._gate_eagerly(shrunk, x)
        self._shared.add_expand(y, shrunk, lora_b_stacked, output_slices, add_inputs=add_inputs)

    def _gate_eagerly(self, shrunk: Tensor, x: Tensor) -> None:
        plan = self._batch.plan
        for slot in plan.active:
            for index, gate in enumerate(self._gates.get(slot, ())):
                if gate is not None:
                    tokens = plan.tokens_of(slot)
                    columns = shrunk[index, :, : gate.columns]
                    columns[tokens] *= gate(x[tokens]).to(shrunk.dtype)

"""Arrow gates of a layer with static buffers: no shape and no step depends on values.

A GPU server records its work once as a CUDA graph and replays it for every batch, so that nothing
may be decided while it runs. Here every token is gated: those whose adapter has no gate get ones.
All slots' prototypes are compared with all tokens in one product, which costs as much as an adapter
of the rank ``slots * MAX_GATED``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from skillweave.agent.serving.plugin.compose import ModuleGate

MAX_GATED = 8
"""The most adapters behind one gate here."""
STATIC_GATES = ("arrow",)
"""Gates that have a static form; others need a server that was started with --enforce-eager."""
NEVER = -1e30
"""In place of minus infinity, of which a softmax of nothing else would make NaN."""


class StaticGates:
    """The gates of one layer, for every slot and slice. Filled in place, never moved."""

    def __init__(self, stacked_a: Sequence[Tensor]) -> None:
        """``stacked_a`` are vLLM's ``[slots, 1, max_rank, in]`` of every slice."""
        slices = len(stacked_a)
        slots, _, ranks, inputs = stacked_a[0].shape
        fresh = stacked_a[0].new_full
        self._prototypes = fresh((slices, slots, MAX_GATED, inputs), 0.0)
        self._absent = fresh((slices, slots, MAX_GATED), True, dtype=torch.bool)
        self._owner = fresh((slices, slots, ranks), MAX_GATED, dtype=torch.long)
        """Which adapter a column belongs to; ``MAX_GATED`` means that it always counts fully."""
        self._top = fresh((slots, 1), 1, dtype=torch.long)
        self._temperature = fresh((slots, 1), 1.0, dtype=torch.float32)

    def set_slot(self, slot: int, gates: Sequence[ModuleGate | None]) -> None:
        """The gates of the adapter in a slot, one for each slice."""
        self._absent[:, slot] = True
        self._owner[:, slot] = MAX_GATED
        for index, gate in enumerate(gates):
            if gate is None:
                continue
            count = len(gate.ranks)
            self._prototypes[index, slot, :count].copy_(gate.prototypes)
            self._absent[index, slot, :count] = False
            self._owner[index, slot, : gate.columns].copy_(gate.owner)
            options = {name: option.default for name, option in gate.gate.options.items()}
            options.update(gate.options)
            self._top[slot] = int(options["top"])
            self._temperature[slot] = options["temperature"]

    def weights(self, x: Tensor, tokens: Tensor) -> Tensor:
        """``[slices, tokens, max_rank]`` for ``x [tokens, in]`` and the slot of every token.

        Slots are brought into range: padding at the end of a recorded batch may hold anything.
        """
        slices, slots, _, _ = self._prototypes.shape
        slot = tokens.clamp(0, slots - 1)
        all_logits = torch.matmul(x, self._prototypes.flatten(1, 2).transpose(1, 2)).abs()
        pick = slot.view(1, -1, 1, 1).expand(slices, -1, 1, MAX_GATED)
        logits = all_logits.view(slices, -1, slots, MAX_GATED).gather(2, pick).squeeze(2).float()
        logits = logits.masked_fill(self._absent[:, slot], NEVER)
        shares = self._shares(logits, slot)
        counted = torch.cat([shares, torch.ones_like(shares[..., :1])], dim=-1)
        return counted.gather(2, self._owner[:, slot])

    def _shares(self, logits: Tensor, slot: Tensor) -> Tensor:
        """Softmax over the largest ``top`` of each row of ``[slices, tokens, MAX_GATED]``."""
        place = logits.argsort(dim=-1, descending=True, stable=True).argsort(dim=-1)
        kept = logits.masked_fill(place >= self._top[slot], NEVER)
        return (kept / self._temperature[slot]).softmax(dim=-1)

"""vLLM's manager of the model's slots, with a wrapper of its own for every layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from vllm.lora.layers import LoRAMapping
from vllm.lora.layers.base_linear import BaseLinearLayerWithLoRA
from vllm.lora.layers.logits_processor import LogitsProcessorWithLoRA
from vllm.lora.layers.vocab_parallel_embedding import VocabParallelEmbeddingWithLoRA
from vllm.lora.lora_model import LoRAModel
from vllm.lora.lora_weights import LoRALayerWeights
from vllm.lora.model_manager import LRUCacheLoRAModelManager
from vllm.platforms import current_platform

from skillweave.agent.serving.plugin.batch import Batch
from skillweave.agent.serving.plugin.compose import ModuleGate
from skillweave.agent.serving.plugin.cpu import CpuLayer
from skillweave.agent.serving.plugin.gpu import GpuLayer
from skillweave.agent.serving.plugin.onednn import prepared
from skillweave.agent.serving.plugin.static import MAX_GATED, STATIC_GATES, StaticGates
from skillweave.skills.errors import AdapterError

NOT_LINEAR = (LogitsProcessorWithLoRA, VocabParallelEmbeddingWithLoRA)
"""Layers that get a wrapper of their own on the CPU beside linear ones; fused experts keep vLLM's."""

Shape = tuple[int, int]


class GatedLoRAModel(LoRAModel):  # type: ignore[misc]
    """An adapter with a gate in each of its modules."""

    gates: Mapping[str, ModuleGate] = {}


class ModelManager(LRUCacheLoRAModelManager):  # type: ignore[misc]
    """Gives every layer its own wrapper, and tells it what comes into the slots."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wrappers = self.punica_wrapper_mapping.values()
        self._batches = {id(wrapper): (wrapper, Batch(self.lora_slots)) for wrapper in wrappers}
        self._recorded = not kwargs["vllm_config"].model_config.enforce_eager
        self._layers: dict[str, CpuLayer | GpuLayer] = {}
        for name, module in self.modules.items():
            layer = self._layer(module)
            if layer is not None:
                self._layers[name] = layer
                module.set_mapping(layer)

    def activate_adapter(self, lora_id: int) -> bool:
        """Put an adapter into a slot, unless it is in one."""
        fresh: bool = super().activate_adapter(lora_id)
        if fresh:
            self._tell_layers(self.lora_index_to_id.index(lora_id), lora_id)
        return fresh

    def check_gate(self, name: str, count: int) -> None:
        """Refuse a gate over ``count`` adapters that cannot be applied here.

        Raises:
            AdapterError: it cannot.
        """
        if any(getattr(module, "tp_size", 1) > 1 for module in self.modules.values()):
            raise AdapterError("gates need a server without tensor parallelism")
        if current_platform.is_cpu():
            return
        if not current_platform.is_cuda_alike():
            raise AdapterError("gates are applied on the CPU and on CUDA devices only")
        if self._recorded and (name not in STATIC_GATES or count > MAX_GATED):
            known = ", ".join(STATIC_GATES)
            raise AdapterError(
                f"a server with CUDA graphs applies the gates {known}, to {MAX_GATED} adapters"
                f" at most, not {name} to {count}; start it with --enforce-eager"
            )

    def _layer(self, module: Any) -> CpuLayer | GpuLayer | None:
        """The wrapper that a module gets, if it gets one of its own."""
        linear = isinstance(module, BaseLinearLayerWithLoRA)
        if current_platform.is_cpu() and (linear or isinstance(module, NOT_LINEAR)):
            shared = module.punica_wrapper
            return CpuLayer(shared, self._batches[id(shared)][1], prepared)
        if current_platform.is_cuda_alike() and linear:
            shared = module.punica_wrapper
            static = StaticGates(module.lora_a_stacked) if self._recorded else None
            return GpuLayer(shared, self._batches[id(shared)][1], static)
        return None

    def shapes(self) -> dict[str, Shape | None]:
        """``(in, out)`` of every module an adapter may have; None where it cannot be told."""
        found: dict[str, Shape | None] = {}
        for name, module in self.modules.items():
            parts = self.packed_modules.get(name, [name])
            slices = _shapes(module)
            known = slices if len(slices) == len(parts) else [None] * len(parts)
            found.update(zip(parts, known, strict=True))
        return found

    def _tell_layers(self, slot: int, lora_id: int) -> None:
        model = self.get_adapter(lora_id)
        gates = getattr(model, "gates", {})
        rank = 0
        for name, layer in self._layers.items():
            weights = self._get_lora_layer_weights(model, name)
            rank = max(rank, _rank(weights))
            layer.set_slot(slot, self._filled(name, weights), self._gates(name, gates))
        for _, batch in self._batches.values():
            batch.occupy(slot, rank)

    def _filled(self, name: str, weights: LoRALayerWeights | None) -> tuple[bool, ...]:
        """Which slices of a layer the weights change."""
        count = self._slices(name)
        if (
            weights is not None
            and isinstance(weights.lora_a, list)
            and len(weights.lora_a) == count
        ):
            return tuple(a is not None for a in weights.lora_a)
        return (weights is not None,) * count

    def _gates(self, name: str, gates: Mapping[str, ModuleGate]) -> tuple[ModuleGate | None, ...]:
        """The gate of every slice of a layer."""
        count = self._slices(name)
        found = [gates.get(part) for part in self.packed_modules.get(name, [name])]
        return tuple(found if len(found) == count else found[:1] * count)

    def _slices(self, name: str) -> int:
        return getattr(self.modules[name], "n_slices", 1)

    def _set_adapter_mapping(self, mapping: LoRAMapping) -> None:
        super()._set_adapter_mapping(mapping)
        for wrapper, batch in self._batches.values():
            if wrapper.indices_len[0] is not None:
                batch.update(wrapper.token_lora_indices)


def _shapes(module: Any) -> list[Shape]:
    """``(in, out)`` of every slice of a layer; empty where it cannot be told."""
    if getattr(module, "tp_size", 1) > 1:
        return []
    if isinstance(module, BaseLinearLayerWithLoRA):
        pairs = zip(module.lora_a_stacked, module.lora_b_stacked, strict=True)
        return [(a.shape[-1], b.shape[-2]) for a, b in pairs]
    if isinstance(module, LogitsProcessorWithLoRA):
        return [(module.lora_a_stacked.shape[-1], module.lora_b_stacked.shape[-2])]
    if isinstance(module, VocabParallelEmbeddingWithLoRA):
        return [(module.lora_a_stacked.shape[1], module.lora_b_stacked.shape[-2])]
    return []


def _rank(weights: LoRALayerWeights | None) -> int:
    if weights is None:
        return 0
    factors = weights.lora_a if isinstance(weights.lora_a, list) else [weights.lora_a]
    return max((a.shape[0] for a in factors if torch.is_tensor(a)), default=0)

"""vLLM's managers of adapters, with mixes: loaded by name and version, composed in memory.

The worker's manager turns a request for an adapter into weights; the model's manager puts weights
into slots. Both are vLLM's own but for the few methods here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from vllm.lora.layers import BaseLayerWithLoRA, LoRAMapping
from vllm.lora.layers.base_linear import BaseLinearLayerWithLoRA
from vllm.lora.layers.logits_processor import LogitsProcessorWithLoRA
from vllm.lora.layers.vocab_parallel_embedding import VocabParallelEmbeddingWithLoRA
from vllm.lora.lora_model import LoRAModel
from vllm.lora.lora_weights import LoRALayerWeights
from vllm.lora.model_manager import LRUCacheLoRAModelManager
from vllm.lora.request import LoRARequest
from vllm.lora.utils import parse_fine_tuned_lora_name
from vllm.lora.worker_manager import LRUCacheWorkerLoRAManager
from vllm.platforms import current_platform

from skillweave.agent.serving.plugin.batch import Batch
from skillweave.agent.serving.plugin.components import Components
from skillweave.agent.serving.plugin.compose import Composed, ModuleGate
from skillweave.agent.serving.plugin.cpu import CpuLayer
from skillweave.agent.serving.plugin.library import SCHEME, served_library
from skillweave.skills.errors import AdapterError
from skillweave.skills.mix import parse_mix

if TYPE_CHECKING:
    from torch import Tensor

OURS = (BaseLinearLayerWithLoRA, LogitsProcessorWithLoRA, VocabParallelEmbeddingWithLoRA)
"""Layers that get a wrapper of their own; fused experts keep vLLM's."""


class MixedLoRAModel(LoRAModel):  # type: ignore[misc]
    """An adapter with a gate in some of its modules."""

    gates: Mapping[str, ModuleGate] = {}


class ModelManager(LRUCacheLoRAModelManager):  # type: ignore[misc]
    """Gives every layer its own wrapper, and tells it what comes into the slots."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._batches = {
            id(wrapper): (wrapper, Batch(self.lora_slots))
            for wrapper in self.punica_wrapper_mapping.values()
        }
        self._layers: dict[str, CpuLayer] = {}
        for name, module in self.modules.items():
            if isinstance(module, OURS) and current_platform.is_cpu():
                shared = module.punica_wrapper
                self._layers[name] = CpuLayer(shared, self._batches[id(shared)][1])
                module.set_mapping(self._layers[name])

    def activate_adapter(self, lora_id: int) -> bool:
        """Put an adapter into a slot, unless it is in one."""
        fresh: bool = super().activate_adapter(lora_id)
        if fresh:
            slot = self.lora_index_to_id.index(lora_id)
            model = self._registered_adapters.cache[lora_id]
            rank = 0
            for name, layer in self._layers.items():
                weights = self._get_lora_layer_weights(model, name)
                rank = max(rank, _rank(weights))
                layer.set_slot(slot, *self._slices(name, weights, getattr(model, "gates", {})))
            for _, batch in self._batches.values():
                batch.occupy(slot, rank)
        return fresh

    def _slices(
        self, name: str, weights: LoRALayerWeights | None, gates: Mapping[str, ModuleGate]
    ) -> tuple[tuple[bool, ...], tuple[ModuleGate | None, ...]]:
        """For every slice of a layer: whether it is filled, and its gate."""
        count = getattr(self.modules[name], "n_slices", 1)
        filled = [weights is not None] * count
        if weights is not None and isinstance(weights.lora_a, list) and len(weights.lora_a) == count:
            filled = [a is not None for a in weights.lora_a]
        parts = self.packed_modules.get(name, [name])
        found = [gates.get(part) for part in parts]
        return tuple(filled), tuple(found if len(found) == count else found[:1] * count)

    def _set_adapter_mapping(self, mapping: LoRAMapping) -> None:
        super()._set_adapter_mapping(mapping)
        for wrapper, batch in self._batches.values():
            if wrapper.indices_len[0] is not None:
                batch.update(wrapper.token_lora_indices)


class WorkerManager(LRUCacheWorkerLoRAManager):  # type: ignore[misc]
    """Loads adapters of the library by name and version, and composes mixes of them."""

    _manager_cls = ModelManager

    def _load_adapter(self, lora_request: LoRARequest) -> LoRAModel:
        path = lora_request.lora_path
        if not path.startswith(SCHEME):
            return self._checked(super()._load_adapter(lora_request), lora_request.lora_name)
        mix = parse_mix(path.removeprefix(SCHEME))
        skills = served_library().skills(mix)
        if mix.is_single:
            plain = LoRARequest(
                lora_name=lora_request.lora_name,
                lora_int_id=lora_request.lora_int_id,
                lora_path=str(skills[0].path / "adapter"),
            )
            return self._checked(super()._load_adapter(plain), lora_request.lora_name)
        composed = self._components.composed(mix, skills)
        return self._checked(self._model(composed, lora_request), lora_request.lora_name)

"""vLLM's manager of a worker's adapters, with those of the library and mixes of them.

Loads what a request names: ``skillweave:`` and a canonical mix expression as its path, or a folder.
"""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any

from vllm.lora.lora_model import LoRAModel
from vllm.lora.lora_weights import LoRALayerWeights
from vllm.lora.request import LoRARequest
from vllm.lora.utils import parse_fine_tuned_lora_name
from vllm.lora.worker_manager import LRUCacheWorkerLoRAManager

from skillweave.agent.serving.plugin.components import Components
from skillweave.agent.serving.plugin.compose import Composed
from skillweave.agent.serving.plugin.library import SCHEME, folder_of, served_library
from skillweave.agent.serving.plugin.meter import meter
from skillweave.agent.serving.plugin.slots import GatedLoRAModel, ModelManager
from skillweave.skills.errors import AdapterError, SkillNotFoundError
from skillweave.skills.mix import Mix, parse_mix
from skillweave.skills.model import Skill

FUSED = frozenset({"experts", "base_layer"})
"""Modules that hold all experts in one tensor."""
LARGEST = 1e30
"""No product of a hidden state with such a value leaves bfloat16's range."""
MOMENTS = (0.02, 0.2, 0.5)
"""How long to wait before looking for a version again, in seconds."""


class WorkerManager(LRUCacheWorkerLoRAManager):  # type: ignore[misc]
    """Loads adapters by name and version, composes mixes of them in memory."""

    _manager_cls = ModelManager

    def __init__(self, vllm_config: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(vllm_config, *args, **kwargs)
        self._whole_model = vllm_config.parallel_config.pipeline_parallel_size == 1

    @cached_property
    def _components(self) -> Components:
        return Components(served_library().prototypes)

    def _load_adapter(self, lora_request: LoRARequest) -> LoRAModel:
        """The weights of one adapter or mix.

        Raises:
            AdapterError: it is damaged, too large, or does not fit the model.
            UserError: the library has no such adapter, or no longer.
        """
        name, path = lora_request.lora_name, lora_request.lora_path
        if not path.startswith(SCHEME):
            model = super()._load_adapter(lora_request)
        else:
            mix = parse_mix(path.removeprefix(SCHEME))
            skills = _skills(mix)
            if mix.is_single and self._needs_stock(skills[0]):
                folder = str(folder_of(skills[0]))
                model = super()._load_adapter(LoRARequest(name, lora_request.lora_int_id, folder))
            else:
                composed = self._components.composed(mix, skills)
                model = self._composed(mix, composed, lora_request.lora_int_id)
        self._check_shapes(name, model)
        _check_values(name, model)
        meter().loaded(name)
        return model

    def _needs_stock(self, skill: Skill) -> bool:
        """Whether only vLLM's own loader can read it: fused experts, a classifier's head."""
        targets = skill.adapter.targets if skill.adapter is not None else ()
        return bool(FUSED & set(targets)) or bool(self._adapter_manager.is_pooling_model)

    def _composed(self, mix: Mix, composed: Composed, lora_int_id: int) -> LoRAModel:
        limit = self.lora_config.max_lora_rank
        if composed.rank > limit:
            raise AdapterError(
                f"{mix} has the rank {composed.rank} and this server's limit is {limit};"
                " mix fewer or smaller adapters, or start it with a larger --max-lora-rank"
            )
        if composed.gates:
            self._adapter_manager.check_gate(mix.gate, len(mix.terms))
        weights, gates = {}, {}
        for module, factors in composed.factors.items():
            name = self._name_here(module, embedding=factors.embedding)
            part = factors.to(self.lora_config.lora_dtype)
            weights[name] = LoRALayerWeights(name, part.rank, part.rank, part.a, part.b, 1.0)
            if module in composed.gates:
                gates[name] = composed.gates[module]
        model = GatedLoRAModel(lora_int_id, composed.rank, weights)
        model.gates = gates
        return model

    def _name_here(self, module: str, *, embedding: bool) -> str:
        """The name that a module of the checkpoint has in vLLM's model."""
        mapper = getattr(self._adapter_manager.model, "hf_to_vllm_mapper", None)
        side = "lora_embedding_A" if embedding else "lora_A.weight"
        return str(
            parse_fine_tuned_lora_name(
                f"base_model.model.{module}.{side}",
                mapper.get_rename_mapper() if mapper is not None else None,
            )[0]
        )

    def _check_shapes(self, name: str, model: LoRAModel) -> None:
        """Refuse what vLLM would load in part: layers that are not there, or of another size."""
        manager = self._adapter_manager
        if manager.is_pooling_model or manager.lora_config.target_modules is not None:
            return
        shapes = manager.shapes()
        for module, weights in model.loras.items():
            if ".experts" in module or (module not in shapes and not self._whole_model):
                continue
            expected = shapes.get(module, (0, 0))
            given = (weights.lora_a.shape[-1], weights.lora_b.shape[0])
            if expected is not None and given != expected:
                here = f"{expected[1]}x{expected[0]} here" if module in shapes else "not there here"
                raise AdapterError(
                    f"{name} was trained for another base model: its {module} is"
                    f" {given[1]}x{given[0]}, and {here}"
                )


def _check_values(name: str, model: LoRAModel) -> None:
    """Refuse what would spoil the answers of others: in a dense product 0 times infinity is NaN."""
    for module, weights in model.loras.items():
        for factors in (weights.lora_a, weights.lora_b):
            for tensor in factors if isinstance(factors, list) else [factors]:
                if tensor is not None and not tensor.abs().amax() <= LARGEST:
                    raise AdapterError(
                        f"{name}: its {module} holds NaN, infinity or values beyond {LARGEST:g};"
                        " train the adapter again"
                    )


def _skills(mix: Mix) -> list[Skill]:
    """The adapters of a mix. While a skill is replaced, its old version is nowhere for a moment."""
    for seconds in MOMENTS:
        try:
            return served_library().skills(mix)
        except SkillNotFoundError:
            time.sleep(seconds)
    return served_library().skills(mix)

"""Which vLLM this plugin knows, and whether the one that runs still is what it expects.

Everything of vLLM that is replaced, extended or called stands in `PATCH_POINTS` with the names of its
parameters. One that is gone or has changed means that none is used.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

KNOWN = ((0, 31), (0, 32))
"""Releases whose patch points were read and tried."""


@dataclass(frozen=True, slots=True)
class PatchPoint:
    """A function or class of vLLM on whose signature we rely."""

    module: str
    name: str
    parameters: tuple[str, ...]
    """Its parameters; of a class, those of its constructor."""


def _point(path: str, parameters: str) -> PatchPoint:
    module, _, name = path.partition(":")
    return PatchPoint(module, name, tuple(parameters.split()))


_LINEAR = "self y x lora_a_stacked lora_b_stacked scale output_slices buffer kwargs"
_WORKER = "vllm.lora.worker_manager:LRUCacheWorkerLoRAManager"
_MANAGER = "vllm.lora.model_manager:LRUCacheLoRAModelManager"
_SCHEDULER = "vllm.v1.core.sched.scheduler:Scheduler"
_PUNICA = "vllm.lora.punica_wrapper.punica_base:PunicaWrapperBase"
PATCH_POINTS = (
    _point(
        "vllm.v1.worker.lora_model_runner_mixin:LRUCacheWorkerLoRAManager",
        "vllm_config device embedding_modules lora_model_cls",
    ),
    _point(f"{_WORKER}._load_adapter", "self lora_request"),
    _point(f"{_MANAGER}.activate_adapter", "self lora_id"),
    _point(f"{_MANAGER}._set_adapter_mapping", "self mapping"),
    _point(f"{_MANAGER}._get_lora_layer_weights", "self lora_model module_name"),
    _point("vllm.lora.layers:BaseLayerWithLoRA.set_mapping", "self punica_wrapper"),
    _point(f"{_PUNICA}.add_lora_linear", _LINEAR),
    _point(f"{_PUNICA}.add_shrink", "self y x lora_a_stacked scale kwargs"),
    _point(
        f"{_PUNICA}.add_expand",
        "self y x lora_b_stacked output_slices offset_start add_inputs kwargs",
    ),
    _point(
        f"{_PUNICA}.add_lora_logits",
        "self y x lora_a_stacked lora_b_stacked scale buffer kwargs",
    ),
    _point(f"{_PUNICA}.add_lora_embedding", "self y x lora_b_stacked add_inputs kwargs"),
    _point(
        "vllm.lora.lora_weights:LoRALayerWeights",
        "module_name rank lora_alpha lora_a lora_b scaling",
    ),
    _point(
        "vllm.lora.lora_model:LoRAModel",
        "lora_model_id rank loras is_3d_lora_weight modules_to_save",
    ),
    _point("vllm.lora.utils:parse_fine_tuned_lora_name", "name weights_mapper"),
    _point("vllm.lora.resolver:LoRAResolver.resolve_lora", "self base_model_name lora_name"),
    _point("vllm.entrypoints.serve.engine.serving:BaseServing._check_model", "self request"),
    _point(
        "vllm.entrypoints.serve.engine.serving:BaseServing.create_error_response",
        "message err_type status_code param",
    ),
    _point(
        "vllm.entrypoints.openai.models.serving:OpenAIServingModels",
        "engine_client base_model_paths lora_modules",
    ),
    _point(
        "vllm.entrypoints.openai.models.serving:OpenAIServingModels.show_available_models", "self"
    ),
    _point("vllm.v1.engine.async_llm:AsyncLLM.list_loras", "self"),
    _point(f"{_SCHEDULER}.schedule", "self throttle_prefills"),
    _point(f"{_SCHEDULER}._handle_blocked_waiting_request", "self request"),
    _point(f"{_SCHEDULER}._free_request", "self request delay_free_blocks"),
)


def problem(version: str, find: Callable[[PatchPoint], object] | None = None) -> str:
    """Why this vLLM is left alone, in one clause; empty when all is as expected."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) not in KNOWN:
        known = ", ".join(f"{major}.{minor}" for major, minor in KNOWN)
        return f"vLLM {version} is not among the releases it knows ({known})"
    for point in PATCH_POINTS:
        try:
            signature = inspect.signature((find or found)(point))  # type: ignore[arg-type]
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            return f"{point.module}.{point.name} of vLLM {version} cannot be used: {error}"
        if tuple(signature.parameters) != point.parameters:
            return f"{point.module}.{point.name} of vLLM {version} takes {signature}"
    return ""


def found(point: PatchPoint) -> object:
    """What vLLM has under that name."""
    target: object = import_module(point.module)
    for part in point.name.split("."):
        target = getattr(target, part)
    return target

"""Hooking into vLLM: one class replaced, five methods wrapped, one resolver registered."""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from skillweave.agent.serving.plugin.versions import problem

MIXIN = "vllm.v1.worker.lora_model_runner_mixin"
RESOLVER = "skillweave"
_log = logging.getLogger("vllm.skillweave")
"""Below vLLM's logger, whose handlers and level it shares."""


def install() -> bool:
    """Hook in, once in a process; when this vLLM is not as expected, warn and leave it as it is."""
    if installed():
        return True
    import vllm

    try:
        reason = problem(vllm.__version__)
        if not reason:
            _hook_in()
    except Exception as error:  # noqa: BLE001 - a plugin must not keep vLLM from starting
        reason = f"{type(error).__name__}: {error}"
    if reason:
        _log.warning(
            "skillweave serves no mixes and no library here, vLLM runs as it is: %s", reason
        )
    return not reason


def installed() -> bool:
    """Whether this process composes mixes and keeps rows of the base model free of adapters."""
    mixin = sys.modules.get(MIXIN)
    manager = getattr(mixin, "LRUCacheWorkerLoRAManager", None)
    return getattr(manager, "__module__", "").startswith("skillweave.")


def _hook_in() -> None:
    from vllm.entrypoints.openai.models.serving import OpenAIServingModels
    from vllm.entrypoints.serve.engine.serving import BaseServing
    from vllm.lora.resolver import LoRAResolverRegistry
    from vllm.v1.core.sched.scheduler import Scheduler
    from vllm.v1.worker import lora_model_runner_mixin

    from skillweave.agent.serving.plugin.models import with_library
    from skillweave.agent.serving.plugin.requests import LibraryResolver
    from skillweave.agent.serving.plugin.scheduler import take_turns
    from skillweave.agent.serving.plugin.worker import WorkerManager

    LoRAResolverRegistry.register_resolver(RESOLVER, LibraryResolver())
    BaseServing._check_model = _preceded(BaseServing._check_model)  # noqa: SLF001
    OpenAIServingModels.show_available_models = with_library(
        OpenAIServingModels.show_available_models
    )
    take_turns(Scheduler)
    lora_model_runner_mixin.LRUCacheWorkerLoRAManager = WorkerManager


def _preceded(stock: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    """vLLM's check of the model name, after ours."""
    from skillweave.agent.serving.plugin.requests import check_model

    @wraps(stock)
    async def check(self: Any, request: Any) -> Any:
        return await check_model(self, request) or await stock(self, request)

    return check

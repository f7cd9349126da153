"""``GET /v1/models``: the base model, the library's adapters as they are now, and what is loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from vllm.entrypoints.serve.engine.protocol import ModelCard

from skillweave.agent.serving.plugin.library import SCHEME, served_library
from skillweave.agent.serving.plugin.requests import base_hash

Show = Callable[[Any], Awaitable[Any]]


def with_library(stock: Show) -> Show:
    """vLLM's list of models, with what the library adds.

    A skill stands under its name, and its ``root`` names the version that a request gets now. An
    exact version or a mix that was asked for stands under its canonical name for as long as the
    engine has it in memory. Adapters that a request could not get here are left out.
    """

    @wraps(stock)
    async def show(self: Any) -> Any:
        found = await stock(self)
        loaded = await self.engine_client.list_loras()
        gone = {
            name
            for name, request in self.lora_requests.items()
            if request.lora_path.startswith(SCHEME) and request.lora_int_id not in loaded
        }
        cards = [card for card in found.data if card.id not in gone]
        listed = {card.id for card in cards}
        own = [card for card in await asyncio.to_thread(_skills, self) if card.id not in listed]
        base = [card for card in cards if not card.parent]
        found.data = [*base, *own, *(card for card in cards if card.parent)]
        return found

    return show


def _skills(models: Any) -> list[ModelCard]:
    limit = models.engine_client.vllm_config.lora_config.max_lora_rank
    skills = served_library().adapters(base_hash(models.model_config.model))
    parent = models.base_model_paths[0].name
    return [
        ModelCard(id=skill.name, root=SCHEME + skill.versioned_name, parent=parent)
        for skill in skills
        if skill.adapter is not None and skill.adapter.rank <= limit
    ]

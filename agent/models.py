"""The chat models of the agent, by name.

=====================  =========================================================================
``nano``               the embedded model, on our own server (a running one is shared)
a folder, ``org/name`` that model, on our own vLLM server
``http://...``         an OpenAI-compatible server that runs already (also ``vllm:http://...#model``)
``provider:name``      any provider that LangChain knows (``openai:gpt-5``, ``anthropic:...``)
=====================  =========================================================================
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from skillweave.agent.handle import (
    Answer,
    ModelHandle,
    OnPhase,
    OnToken,
    ProfileName,
)
from skillweave.agent.loop import LoopThread
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.settings import Settings
from skillweave.skills.errors import SettingsError

T = TypeVar("T")

__all__ = [
    "Answer",
    "ModelHandle",
    "OnPhase",
    "OnToken",
    "ProfileName",
    "ScriptedModel",
    "aopen_model",
    "open_model",
    "start_model",
]


async def aopen_model(
    name: str, settings: Settings, on_phase: OnPhase | None = None
) -> ModelHandle:
    """Make the model of that name ready.

    Raises `SettingsError` when the name means nothing, `ServerError` when its server fails.
    """
    from skillweave.agent.serving import attach, handle

    if name.startswith("vllm:"):
        return await attach.attach(name.removeprefix("vllm:"), settings)
    if name.startswith(("http://", "https://")):
        return await attach.attach(name, settings)
    if name == "nano" or "/" in name or _is_folder(name):
        return await handle.open_served(name, settings, on_phase)
    if ":" in name:
        from skillweave.agent.providers import ProviderModel

        return ProviderModel(name, settings)
    raise SettingsError(
        f"model = {name!r}: name the embedded model (nano), a model of the Hugging Face Hub "
        "(org/name), a folder, a server (http://...) or a provider's model (openai:name)"
    )


def open_model(name: str, settings: Settings, on_phase: OnPhase | None = None) -> ModelHandle:
    """`aopen_model` for callers outside an event loop (inside one it would block the loop)."""
    return run_blocking(lambda: aopen_model(name, settings, on_phase))


@contextmanager
def start_model(
    name: str, settings: Settings, on_phase: OnPhase | None = None
) -> Iterator[Callable[[], ModelHandle]]:
    """Make a model ready while the caller does something else; yields what waits for it.

    Waiting raises what `aopen_model` raises. Leaving the block closes the model, ready or not.
    ``on_phase`` is called in another thread.
    """
    opened: list[ModelHandle] = []

    async def work() -> ModelHandle:
        opened.append(await aopen_model(name, settings, on_phase))
        return opened[0]

    loop = LoopThread("skillweave-model")
    try:
        yield loop.submit(work()).result
    finally:
        loop.close()
        for model in opened:
            model.close()


def run_blocking(make: Callable[[], Coroutine[object, object, T]]) -> T:
    """Run a coroutine to its end, in a thread of its own when this one runs a loop already."""
    if not _in_loop():
        return asyncio.run(make())
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(make())).result()


def _is_folder(name: str) -> bool:
    return Path(name).expanduser().is_dir()


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True

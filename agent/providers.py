"""The `ModelHandle` of a hosted model, through whichever provider LangChain knows."""

from __future__ import annotations

import asyncio
import json
import time

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage

from skillweave.agent.handle import Answer, Closing, OnToken, ProfileName
from skillweave.agent.profiles.base import Prompt
from skillweave.agent.reading import answer_of, messages_of, say
from skillweave.agent.settings import Settings
from skillweave.skills.errors import AdapterError, ServerError, SettingsError
from skillweave.skills.model import Skill


class ProviderModel(Closing):
    """``provider:name``. Adapters and grammars are beyond providers; JSON Schemas are not.

    ``model`` may be given ready-made: any LangChain chat model, also of a provider of one's own.
    """

    profile_name: ProfileName = "chat"
    base_hash = ""
    supports_adapters = False

    def __init__(self, name: str, settings: Settings, model: BaseChatModel | None = None):
        self.name = name
        self._model = model if model is not None else _init(name)
        self._seconds = settings.ask_seconds

    def chat(self, adapter: str | None = None) -> BaseChatModel:
        """The LangChain model."""
        if adapter is not None:
            raise AdapterError(f"{self.name} takes no adapters: {adapter} needs a vLLM server")
        return self._model

    async def load_adapter(self, skill: Skill) -> str:
        raise AdapterError(f"{self.name} takes no adapters: {skill.name} needs a vLLM server")

    async def ask(
        self, prompt: Prompt, adapter: str | None = None, on_token: OnToken | None = None
    ) -> Answer:
        """Put one question; ``on_token`` hears the text as it comes."""
        self.chat(adapter)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._seconds):
                message = await self._say(prompt, on_token)
        except TimeoutError:
            raise ServerError(f"{self.name} did not answer within {self._seconds:.0f} s") from None
        except Exception as error:
            line = " ".join(str(error).split())[:300]
            raise ServerError(f"{self.name}: {type(error).__name__}: {line}") from error
        return answer_of(message, model=self.name, seconds=time.perf_counter() - started)

    async def _say(self, prompt: Prompt, on_token: OnToken | None) -> AIMessage:
        schema = prompt.structure.json_schema if prompt.structure else None
        if schema is not None:
            return await self._structured(prompt, dict(schema))
        return await say(self._model.bind(max_tokens=prompt.max_tokens), prompt, on_token)

    async def _structured(self, prompt: Prompt, schema: dict[str, object]) -> AIMessage:
        """An answer in the shape of a JSON Schema, in whatever way the provider offers that."""
        titled = {"title": "answer", **schema}
        asked = self._model.with_structured_output(titled, include_raw=True)
        said = await asked.ainvoke(messages_of(prompt))
        if not isinstance(said, dict) or said.get("parsed") is None:
            raise ServerError(f"{self.name} gave no answer of the shape asked for")
        raw = said["raw"]
        return AIMessage(
            content=json.dumps(said["parsed"]),
            usage_metadata=raw.usage_metadata,
            response_metadata=raw.response_metadata,
        )


def _init(name: str) -> BaseChatModel:
    try:
        from langchain.chat_models import init_chat_model  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return _init_openai(name)
    try:
        model = init_chat_model(name, temperature=0.0)
    except ImportError as error:
        raise SettingsError(f"model = {name!r}: {' '.join(str(error).split())}") from None
    except Exception as error:  # noqa: BLE001 - each provider has errors of its own
        line = " ".join(str(error).split())[:300]
        raise SettingsError(f"model = {name!r}: {line}") from None
    if not isinstance(model, BaseChatModel):
        raise SettingsError(f"model = {name!r} is not a chat model")
    return model


def _init_openai(name: str) -> BaseChatModel:
    """OpenAI's models need no package beyond our own dependencies."""
    provider, _, model = name.partition(":")
    if provider != "openai":
        raise SettingsError(
            f"model = {name!r}: pip install langchain langchain-{provider} to use that provider"
        )
    from langchain_openai import ChatOpenAI

    try:
        return ChatOpenAI(model=model, temperature=0.0)
    except Exception as error:  # noqa: BLE001 - each provider has errors of its own
        line = " ".join(str(error).split())[:300]
        raise SettingsError(f"model = {name!r}: {line}") from None

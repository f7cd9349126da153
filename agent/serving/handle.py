"""The `ModelHandle` of a vLLM server: ours, a shared one, or any that is attached."""

from __future__ import annotations

import asyncio
import importlib
import time
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import httpx
from pydantic import JsonValue, SecretStr

from skillweave.agent.handle import Answer, Closing, OnPhase, OnToken, ProfileName
from skillweave.agent.profiles.base import Prompt, Structure
from skillweave.agent.reading import answer_of, say
from skillweave.agent.serving.registry import find_server
from skillweave.agent.serving.server import Server
from skillweave.agent.serving.spec import ServerSpec, spec_for
from skillweave.agent.serving.weights import hub_folder, weights_hash
from skillweave.agent.settings import Settings
from skillweave.skills.errors import AdapterError, ServerError
from skillweave.skills.model import Frozen, Skill

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

API_KEY = SecretStr("local")
"""Servers of our own ask for none; the client library does."""


class _HttpOptions(TypedDict):
    limits: httpx.Limits
    trust_env: bool
    timeout: float
    headers: dict[str, str]


class Served(Frozen):
    """A model behind an OpenAI-compatible server."""

    url: str
    """With ``/v1`` at the end."""
    name: str
    profile: ProfileName = "chat"
    base_hash: str = ""
    supports_adapters: bool = True
    api_key: SecretStr = API_KEY


async def open_served(
    name: str, settings: Settings, on_phase: OnPhase | None = None
) -> ServedModel:
    """Share a running server of that model, or start one for this handle alone."""
    spec = spec_for(name, settings)
    record = await find_server(spec, settings)
    if record is not None:
        return ServedModel(_served(record.url, spec), settings)
    # The client library takes a second to import; the server needs longer than that to start.
    client = asyncio.create_task(asyncio.to_thread(importlib.import_module, "langchain_openai"))
    server = await Server.start(
        spec, settings.state_dir, seconds=settings.start_seconds, on_phase=on_phase
    )
    await client
    return ServedModel(_served(server.url, spec), settings, server)


def _served(url: str, spec: ServerSpec) -> Served:
    """A model of the Hub has a hash once its server has downloaded it."""
    folder = Path(spec.model) if spec.is_folder else hub_folder(spec.model)
    base_hash = spec.base_hash or (weights_hash(folder) if folder is not None else "")
    return Served(url=url, name=spec.name, profile=spec.profile, base_hash=base_hash)


@dataclass
class _OfLoop:
    """What an event loop has for itself: a pool of connections breaks when two loops share it."""

    http: httpx.AsyncClient
    chats: dict[str, ChatOpenAI] = field(default_factory=dict)


class ServedModel(Closing):
    """Chat with a served model and its adapters. Closing it stops the server it started, if any."""

    def __init__(
        self,
        served: Served,
        settings: Settings,
        server: Server | None = None,
        transport: httpx.MockTransport | None = None,
    ):
        self.name = served.name
        self.profile_name: ProfileName = served.profile
        self.base_hash = served.base_hash
        self.supports_adapters = served.supports_adapters
        self.url = served.url
        self.server = server
        self._key = served.api_key
        self._seconds = settings.ask_seconds
        self._loaded: set[str] = set()
        self._transport = transport
        self._options = _HttpOptions(
            # A kept connection would belong to the loop that opened it; a handle belongs to none.
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=httpx.URL(served.url).host not in ("127.0.0.1", "localhost", "::1"),
            timeout=self._seconds,
            headers={"Authorization": f"Bearer {served.api_key.get_secret_value()}"},
        )
        self._http = httpx.Client(transport=transport, **self._options)
        self._outside = self._clients()
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _OfLoop] = (
            weakref.WeakKeyDictionary()
        )

    def _clients(self) -> _OfLoop:
        return _OfLoop(httpx.AsyncClient(transport=self._transport, **self._options))

    def _here(self) -> _OfLoop:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self._outside
        if loop not in self._loops:
            self._loops[loop] = self._clients()
        return self._loops[loop]

    def chat(self, adapter: str | None = None) -> ChatOpenAI:
        """The LangChain model of the base, or of an adapter that `load_adapter` returned."""
        from langchain_openai import ChatOpenAI

        model, here = adapter or self.name, self._here()
        if model not in here.chats:
            here.chats[model] = ChatOpenAI(
                model=model,
                base_url=self.url,
                api_key=self._key,
                temperature=0.0,
                logprobs=True,
                stream_usage=True,
                max_retries=0,
                http_client=self._http,
                http_async_client=here.http,
            )
        return here.chats[model]

    async def ask(
        self, prompt: Prompt, adapter: str | None = None, on_token: OnToken | None = None
    ) -> Answer:
        """Put one question; ``on_token`` hears the text as it comes."""
        import openai

        started = time.perf_counter()
        model = adapter or self.name
        constraint = _constraint(prompt.structure)
        chat = self.chat(adapter).bind(
            max_tokens=prompt.max_tokens, temperature=prompt.temperature, extra_body=constraint
        )
        try:
            async with asyncio.timeout(self._seconds):
                message = await say(chat, prompt, on_token)
        except (TimeoutError, openai.APITimeoutError):
            raise ServerError(
                f"{model} did not answer within {self._seconds:.0f} s ({self.url})"
            ) from None
        except openai.APIStatusError as error:
            code = error.status_code
            raise ServerError(f"{model}: HTTP {code}: {_reason(error)}") from None
        except (openai.APIError, httpx.TransportError) as error:
            raise self._gone(error) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # The client library trips over whatever else a server may send.
            what = f"{self.url} sent what is not an answer of an OpenAI-compatible server"
            raise ServerError(f"{model}: {what} ({_one_line(str(error))})") from error
        answer = answer_of(message, model=model, seconds=time.perf_counter() - started)
        if on_token is not None and not message.response_metadata.get("finish_reason"):
            return answer.model_copy(update={"cut": True})  # the stream ended before the answer did
        return answer

    async def load_adapter(self, skill: Skill) -> str:
        """Load an adapter once, under a name that says exactly which content it is.

        vLLM keys its caches on name and path, not on content, hence the digest in the name.
        """
        name = skill.versioned_name
        if name in self._loaded:
            return name
        folder = self._adapter_folder(skill)
        try:
            response = await self._here().http.post(
                f"{self.url}/load_lora_adapter", json={"lora_name": name, "lora_path": str(folder)}
            )
        except httpx.TransportError as error:
            raise self._gone(error) from None
        if response.is_error and "already been loaded" not in response.text:
            raise AdapterError(f"{name}: the server refused it: {_message(response)}")
        self._loaded.add(name)
        return name

    def _adapter_folder(self, skill: Skill) -> Path:
        if skill.adapter is None or skill.path is None:
            raise AdapterError(f"{skill.name} is not an adapter")
        if not self.supports_adapters:
            raise AdapterError(f"{skill.name}: the server of {self.name} loads no adapters")
        base = skill.adapter.base
        if base and self.base_hash and base != self.base_hash:
            raise AdapterError(
                f"{skill.name} was trained for the base model {base[:12]}, "
                f"but {self.name} is {self.base_hash[:12]}"
            )
        return (skill.path / "adapter").absolute()

    def _gone(self, error: Exception) -> ServerError:
        """What to say when the server cannot be reached; of our own server, why it ended."""
        if self.server is not None and not self.server.alive:
            return ServerError(
                f"the model server ended: {self.server.last_words()}; the log is {self.server.log}"
            )
        return ServerError(f"no model server answers at {self.url}: {_one_line(str(error))}")

    def close(self) -> None:
        """Stop the server, if this handle started it."""
        self._http.close()
        if self.server is not None:
            self.server.stop()


def _constraint(structure: Structure | None) -> dict[str, JsonValue] | None:
    """vLLM's field for structured output."""
    if structure is None:
        return None
    if structure.grammar is not None:
        return {"structured_outputs": {"grammar": structure.grammar}}
    if structure.json_schema is not None:
        return {"structured_outputs": {"json": dict(structure.json_schema)}}
    return None


def _reason(error: Exception) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return _one_line(body["message"])
    return _one_line(str(error))


def _message(response: httpx.Response) -> str:
    try:
        told = response.json()
        return _one_line(told["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return _one_line(response.text) or f"HTTP {response.status_code}"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]

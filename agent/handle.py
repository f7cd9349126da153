"""The seam between the agent and a chat model: ``ModelHandle``, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Literal, Protocol, Self

from langchain_core.language_models import BaseChatModel

from skillweave.agent.profiles.base import Prompt
from skillweave.skills.model import Frozen, Skill

ProfileName = Literal["nano", "chat"]
OnToken = Callable[[str], None]
OnPhase = Callable[[str, float], None]
"""Told what goes on while a model is made ready, and after how many seconds since the start."""


class Answer(Frozen):
    """What the model said to one prompt."""

    text: str
    tokens: int = 0
    """Generated tokens."""
    prompt_tokens: int = 0
    mean_logprob: float | None = None
    """Mean log-probability of the answer's tokens; None when the provider tells none."""
    min_logprob: float | None = None
    seconds: float = 0.0
    model: str = ""
    """The model name of the request: the base model, or an adapter."""
    cut: bool = False
    """The limit on its tokens ended it."""


class ModelHandle(Protocol):
    """A chat model made ready. A context manager: leaving it stops what it started.

    It belongs to no event loop: one handle may be asked from several, one after the other or
    from several threads at once.
    """

    @property
    def name(self) -> str:
        """The name of the base model in requests."""
        ...

    @property
    def profile_name(self) -> ProfileName: ...

    @property
    def base_hash(self) -> str:
        """sha256 of the base model's weights; empty when unknown."""
        ...

    @property
    def supports_adapters(self) -> bool: ...

    def chat(self, adapter: str | None = None) -> BaseChatModel:
        """The LangChain model of the base, or of an adapter that `load_adapter` returned."""
        ...

    async def load_adapter(self, skill: Skill) -> str:
        """Make an adapter skill known to the server, once; returns its model name."""
        ...

    async def ask(
        self, prompt: Prompt, adapter: str | None = None, on_token: OnToken | None = None
    ) -> Answer:
        """Put one question; ``on_token`` hears the text as it comes."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Closing:
    """Gives a handle, or whatever else is to be closed, its context manager."""

    def close(self) -> None:
        """Nothing to stop, unless the handle says otherwise."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

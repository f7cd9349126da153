"""A model that is asked every question once: all arms of a measurement hear the same answer to it.

Arms that differ in what they learned then differ in nothing else, and a stream in several orders asks a
small model few questions. The n-th answer with chance to a prompt is the n-th of a round of `ROUND`.
"""

from __future__ import annotations

from collections import defaultdict

from langchain_core.language_models import BaseChatModel

from skillweave.agent.handle import Answer, Closing, ModelHandle, OnToken, ProfileName
from skillweave.agent.nodes.plan import SAMPLES
from skillweave.agent.profiles.base import Prompt
from skillweave.skills.model import Skill

ROUND = SAMPLES


class Remembered(Closing):
    """A `ModelHandle` around another one, which it closes.

    >>> import asyncio
    >>> from skillweave.agent.profiles.base import Message
    >>> from skillweave.agent.scripted import ScriptedModel
    >>> model = Remembered(ScriptedModel(["yes", "no"]))
    >>> prompt = Prompt(messages=(Message(role="user", content="well?"),))
    >>> [asyncio.run(model.ask(prompt)).text for _ in range(2)]
    ['yes', 'yes']
    """

    def __init__(self, model: ModelHandle) -> None:
        self._model = model
        self._answers: dict[tuple[str, int], Answer] = {}
        self._asked: dict[str, int] = defaultdict(int)

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def profile_name(self) -> ProfileName:
        return self._model.profile_name

    @property
    def base_hash(self) -> str:
        return self._model.base_hash

    @property
    def supports_adapters(self) -> bool:
        return self._model.supports_adapters

    def chat(self, adapter: str | None = None) -> BaseChatModel:
        """See `ModelHandle.chat`; what is asked of it is not remembered."""
        return self._model.chat(adapter)

    async def load_adapter(self, skill: Skill) -> str:
        """See `ModelHandle.load_adapter`."""
        return await self._model.load_adapter(skill)

    async def ask(
        self, prompt: Prompt, adapter: str | None = None, on_token: OnToken | None = None
    ) -> Answer:
        """The remembered answer, its seconds included, where there is one."""
        text = f"{adapter} {prompt.model_dump_json()}"
        turn = self._asked[text] % ROUND if prompt.temperature else 0
        self._asked[text] += 1
        known = self._answers.get((text, turn))
        if known is None:
            known = await self._model.ask(prompt, adapter, on_token)
            self._answers[text, turn] = known
        elif on_token is not None:
            on_token(known.text)
        return known

    def close(self) -> None:
        """Close the model within."""
        self._model.close()

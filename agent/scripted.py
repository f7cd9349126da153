"""A model that says what it was told to say: the second implementation of `ModelHandle`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from skillweave.agent.handle import Answer, Closing, OnToken, ProfileName
from skillweave.agent.profiles.base import Prompt
from skillweave.skills.errors import AdapterError, ServerError
from skillweave.skills.model import Skill

Script = Callable[[Prompt, str | None], str | Answer]


class ScriptedModel(Closing):
    """Answers from a script: texts in order, or a function of the prompt and the adapter.

    >>> import asyncio
    >>> from skillweave.agent.profiles.base import Message, Prompt
    >>> model = ScriptedModel(["SAY hello"])
    >>> asyncio.run(model.ask(Prompt(messages=(Message(role="user", content="hi"),)))).text
    'SAY hello'
    """

    def __init__(
        self,
        script: Script | Iterable[str | Answer],
        *,
        name: str = "scripted",
        profile_name: ProfileName = "nano",
        base_hash: str = "",
        logprob: float = -0.01,
    ):
        self._script: Script = script if callable(script) else _in_order(script)
        self._logprob = logprob
        self.name = name
        self.profile_name: ProfileName = profile_name
        self.base_hash = base_hash
        self.supports_adapters = True
        self.prompts: list[tuple[Prompt, str | None]] = []
        """Every prompt so far, with the adapter it was put to."""
        self.loaded: dict[str, Skill] = {}

    def chat(self, adapter: str | None = None) -> BaseChatModel:
        """A LangChain model that repeats the script's answer to an empty prompt."""
        answer = self._script(Prompt(messages=()), adapter)
        return FakeListChatModel(responses=[answer if isinstance(answer, str) else answer.text])

    async def load_adapter(self, skill: Skill) -> str:
        if skill.adapter is None:
            raise AdapterError(f"{skill.name} is not an adapter")
        self.loaded[skill.versioned_name] = skill
        return skill.versioned_name

    async def ask(
        self, prompt: Prompt, adapter: str | None = None, on_token: OnToken | None = None
    ) -> Answer:
        started = time.perf_counter()
        self.prompts.append((prompt, adapter))
        said = self._script(prompt, adapter)
        answer = said if isinstance(said, Answer) else self._answer(said, adapter, started)
        if on_token is not None:
            for word in answer.text.splitlines(keepends=True):
                on_token(word)
        return answer

    def _answer(self, text: str, adapter: str | None, started: float) -> Answer:
        return Answer(
            text=text,
            tokens=len(text.split()),
            mean_logprob=self._logprob,
            min_logprob=self._logprob,
            seconds=time.perf_counter() - started,
            model=adapter or self.name,
        )


def _in_order(answers: Iterable[str | Answer]) -> Script:
    rest = iter(answers)

    def say(prompt: Prompt, adapter: str | None) -> str | Answer:
        try:
            return next(rest)
        except StopIteration:
            raise ServerError("the scripted model has no answer left") from None

    return say

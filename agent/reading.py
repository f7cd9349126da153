"""From prompts to LangChain messages, and from what a LangChain model says to `Answer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
)
from langchain_core.runnables import Runnable

from skillweave.agent.handle import Answer, OnToken
from skillweave.agent.profiles.base import Prompt, Role

_KINDS: Mapping[Role, type[BaseMessage]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}


def messages_of(prompt: Prompt) -> list[BaseMessage]:
    """The prompt as LangChain messages."""
    return [_KINDS[message.role](content=message.content) for message in prompt.messages]


async def say(
    model: Runnable[LanguageModelInput, AIMessage], prompt: Prompt, on_token: OnToken | None
) -> AIMessage:
    """What the model says to a prompt, whole; ``on_token`` hears it as it comes."""
    messages = messages_of(prompt)
    if on_token is None:
        return await model.ainvoke(messages)
    whole: AIMessageChunk | None = None
    async for chunk in model.astream(messages):
        if isinstance(chunk, AIMessageChunk):
            if chunk.text:
                on_token(chunk.text)
            whole = chunk if whole is None else whole + chunk
    return whole if whole is not None else AIMessage(content="")


def answer_of(message: AIMessage, *, model: str, seconds: float) -> Answer:
    """The text of a message, with the counts and log-probabilities that the provider told."""
    logprobs = _logprobs(message.response_metadata.get("logprobs"))
    usage = message.usage_metadata
    told = message.response_metadata
    reason = told.get("finish_reason") or told.get("stop_reason")
    return Answer(
        text=message.text,
        tokens=usage["output_tokens"] if usage else len(logprobs),
        prompt_tokens=usage["input_tokens"] if usage else 0,
        mean_logprob=sum(logprobs) / len(logprobs) if logprobs else None,
        min_logprob=min(logprobs, default=None),
        seconds=seconds,
        model=model,
        cut=reason in ("length", "max_tokens"),
    )


def _logprobs(told: object) -> Sequence[float]:
    """Log-probabilities of the generated tokens, from OpenAI's ``logprobs`` object."""
    content = told.get("content") if isinstance(told, Mapping) else None
    return [float(token["logprob"]) for token in content or ()]

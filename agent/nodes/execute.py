"""For one step: run the tool in the sandbox, or ask the model, the adapter, or the guide's reader."""

from __future__ import annotations

from langgraph.runtime import Runtime
from pydantic import JsonValue

from skillweave.agent.coerce import CoercionError, coerce
from skillweave.agent.deps import Deps, tell
from skillweave.agent.result import Attempt, Token
from skillweave.agent.state import StepState
from skillweave.skills.errors import ModelError, ServerError


async def execute(state: StepState, runtime: Runtime[Deps]) -> StepState:
    """Carry the attempt out; it ends with a value or with an error."""
    deps, attempt = runtime.context, state["attempt"]
    if attempt.error:
        return {}
    began = deps.budget.seconds
    try:
        done = await (_call if attempt.kind == "tool" else _ask)(attempt, state, runtime)
    except ServerError:
        raise
    except ModelError as error:
        done = attempt.model_copy(update={"error": str(error)})
    seconds = attempt.seconds + deps.budget.seconds - began
    return {"attempt": done.model_copy(update={"seconds": seconds})}


async def _call(attempt: Attempt, state: StepState, runtime: Runtime[Deps]) -> Attempt:
    deps = runtime.context
    outcome = await deps.call(await deps.get(attempt.skill), attempt.arguments)
    if outcome.ok:
        return attempt.model_copy(update={"value": outcome.value})
    failure = outcome.error
    error = f"{failure.type}: {failure.message}" if failure else "the tool gave no value"
    return attempt.model_copy(update={"error": error})


async def _ask(attempt: Attempt, state: StepState, runtime: Runtime[Deps]) -> Attempt:
    deps, step = runtime.context, state["step"]
    skill = None if attempt.kind == "model" else await deps.get(attempt.skill)
    prompt = deps.profile.do(step, list(state["values"]), skill, state.get("notes", ()))
    adapter = attempt.model if attempt.kind == "adapter" else None

    def heard(text: str) -> None:
        tell(runtime, Token(text=text))

    # Steps that run side by side would mix their words.
    on_token = heard if state.get("alone") else None
    answer = await deps.ask(prompt, adapter=adapter, on_token=on_token)
    tokens = attempt.tokens + answer.tokens
    if not answer.text.strip():
        return attempt.model_copy(update={"error": "the model said nothing", "tokens": tokens})
    if answer.cut:  # half an answer must not pass for a whole one
        error = f"the answer was cut off after {answer.tokens} tokens"
        return attempt.model_copy(update={"error": error, "tokens": tokens})
    value = _typed(answer.text.strip(), step.expects)
    return attempt.model_copy(update={"value": value, "tokens": tokens})


def _typed(text: str, expects: str) -> JsonValue:
    """The words as the value the plan expects, where they can be read so."""
    try:
        return coerce(text, {"type": expects}) if expects not in ("", "string") else text
    except CoercionError:
        return text

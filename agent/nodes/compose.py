"""For one step: choose the next skill and make the call ready, arguments and all."""

from __future__ import annotations

from collections.abc import Sequence

from langgraph.runtime import Runtime
from pydantic import JsonValue

from skillweave.agent.coerce import CoercionError, coerce_arguments
from skillweave.agent.deps import Deps, tell
from skillweave.agent.result import Attempt, StepStarted
from skillweave.agent.spelled import spelled_out
from skillweave.agent.state import Candidate, StepState
from skillweave.agent.words import goal_in_words
from skillweave.skills.errors import AdapterError, ModelError, ServerError, SkillNotFoundError
from skillweave.skills.model import Skill


async def compose(state: StepState, runtime: Runtime[Deps]) -> StepState:
    """Begin an attempt. What goes wrong here is the attempt's error."""
    deps, step = runtime.context, state["step"]
    tried = state.get("attempts", ())
    if not tried:
        deps.budget.begin_step()
    candidate = next_candidate(state["candidates"], tried)
    if candidate is None:
        raise ValueError(f"step {step.id} has no candidate left")
    tell(
        runtime,
        StepStarted(id=step.id, goal=goal_in_words(step, state["values"]), skill=candidate.skill),
    )
    began = deps.budget.seconds
    attempt = Attempt(
        skill=candidate.skill,
        kind=candidate.kind,
        experiences=tuple(state.get("experiences", ())),
        model=deps.model.name,
    )
    try:
        attempt = await _made_ready(attempt, state, deps)
    except ServerError:
        raise
    except (ModelError, AdapterError, SkillNotFoundError) as error:
        attempt = attempt.model_copy(update={"error": str(error)})
    return {"attempt": attempt.model_copy(update={"seconds": deps.budget.seconds - began})}


def next_candidate(candidates: Sequence[Candidate], tried: Sequence[Attempt]) -> Candidate | None:
    """The best candidate not tried; after a failure one of the same toolkit comes first."""
    names = {attempt.skill for attempt in tried}
    left = [one for one in candidates if one.skill not in names]
    if not left or not tried:
        return left[0] if left else None
    toolkit = next((c.toolkit for c in candidates if c.skill == tried[-1].skill), None)
    same = [one for one in left if toolkit is not None and one.toolkit == toolkit]
    return (same or left)[0]


async def _made_ready(attempt: Attempt, state: StepState, deps: Deps) -> Attempt:
    if attempt.kind == "adapter":
        model = await deps.model.load_adapter(await deps.get(attempt.skill))
        return attempt.model_copy(update={"model": model})
    if attempt.kind == "tool":
        return await _with_arguments(attempt, state, await deps.get(attempt.skill), deps)
    return attempt


async def _with_arguments(attempt: Attempt, state: StepState, skill: Skill, deps: Deps) -> Attempt:
    """Ask the model for the tool's arguments, unless they are obvious, and type them."""
    if skill.signature is None:
        raise ModelError(f"{skill.name} has no function")
    step, values, folded = state["step"], list(state["values"]), state.get("folded")
    if folded is not None:
        given: dict[str, JsonValue] = dict(zip(folded.parameters, values, strict=True))
    else:
        text = None
        step, values = spelled_out(step, values, skill.signature)
        prompt = deps.profile.fill(step, values, skill.signature, state.get("notes", ()))
        if prompt is not None:
            answer = await deps.ask(prompt)
            text = answer.text
            attempt = attempt.model_copy(update={"tokens": answer.tokens})
        try:
            given = deps.profile.read_fill(text, step, values, skill.signature).arguments
        except ModelError as error:
            return attempt.model_copy(update={"error": str(error)})
    try:
        typed = coerce_arguments(given, skill.signature)
    except CoercionError as error:
        told = {"arguments": given, "error": str(error), "refused": True}
        return attempt.model_copy(update=told)
    return attempt.model_copy(update={"arguments": typed})

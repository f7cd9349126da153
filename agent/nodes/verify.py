"""For one step: check the value by something other than its author, and record what became of it.

From the strongest check to the weakest: the tool's declared cases hold here, the value has the
declared type, another skill that computes the same agrees (or an inverse leads back), and only
where there is no such check, and the model is large, the model's own opinion, marked as such.
"""

from __future__ import annotations

import asyncio

from langgraph.runtime import Runtime
from pydantic import JsonValue

from skillweave.agent.coerce import CoercionError, coerce_arguments
from skillweave.agent.deps import Deps, tell
from skillweave.agent.plan import Step
from skillweave.agent.profiles.judge import Judge
from skillweave.agent.result import Attempt, StepFinished, StepReport, Verdict
from skillweave.agent.schema import problem
from skillweave.agent.state import MODEL, StepState
from skillweave.agent.words import goal_in_words
from skillweave.skills.cases import same_value
from skillweave.skills.model import Skill

EQUIVALENT = "skillweave-equivalent"
"""Metadata: names of tools that compute the same from the same parameters."""
INVERSE = "skillweave-inverse"
"""Metadata: a tool that leads from the value back to the first argument."""


async def verify(state: StepState, runtime: Runtime[Deps]) -> StepState:
    """Judge the attempt; report on the step when the value holds or no candidate is left."""
    deps, step, attempt = runtime.context, state["step"], state["attempt"]
    if not attempt.error:
        verdict = await _verdict(attempt, state, deps)
        attempt = attempt.model_copy(update={"verdict": verdict})
    await _record(attempt, state["run"], deps)
    attempts = (*state.get("attempts", ()), attempt)
    if not attempt.ok and len(attempts) < len(state["candidates"]):
        return {"attempts": (attempt,)}
    report = StepReport(
        id=step.id,
        goal=goal_in_words(step, state["values"]),
        value=attempt.value if attempt.ok else None,
        ok=attempt.ok,
        attempts=attempts,
    )
    tell(runtime, StepFinished(step=report))
    return {"attempts": (attempt,), "reports": (report,)}


async def _verdict(attempt: Attempt, state: StepState, deps: Deps) -> Verdict:
    if attempt.kind == "tool":
        return await _of_tool(attempt, await deps.get(attempt.skill), deps)
    wrong = _unexpected(attempt.value, state["step"])
    if wrong:
        return Verdict(ok=False, method="types", detail=wrong)
    if isinstance(deps.profile, Judge):
        return await _asked(attempt, state, deps, deps.profile)
    return Verdict(ok=True, method="none", detail="nothing independent can check this")


async def _of_tool(attempt: Attempt, skill: Skill, deps: Deps) -> Verdict:
    """Each check can refuse; the strongest that applied names the verdict."""
    returns = skill.signature.returns if skill.signature else {}
    wrong = problem(attempt.value, returns)
    if wrong:
        return Verdict(ok=False, method="types", detail=wrong)
    typed = "the value has the declared type" if returns else "the value is well-formed"
    checked = await asyncio.to_thread(deps.checked.check, deps.sandbox, skill)
    if not checked.ok:
        detail = f"{checked.passed} of {checked.total} declared cases hold; {checked.failure}"
        return Verdict(ok=False, method="cases", detail=detail)
    again = await _recomputed(attempt, skill, deps)
    if again is not None and not again.ok:
        return again
    details = [f"all {checked.total} declared cases hold"] if checked.total else []
    details += [again.detail] if again is not None else []
    method = again.method if again is not None else "cases" if checked.total else "types"
    return Verdict(ok=True, method=method, detail="; ".join([*details, typed]))


async def _recomputed(attempt: Attempt, skill: Skill, deps: Deps) -> Verdict | None:
    """By a tool declared equivalent, or back by the inverse; None where neither is declared."""
    inverse = skill.metadata.get(INVERSE, "")
    for other in await deps.tools():
        if other.name != skill.name and _equivalent(skill, other):
            outcome = await deps.call(other, attempt.arguments)
            if outcome.ok:
                agrees = same_value(outcome.value, attempt.value)
                return _recomputation(agrees, f"{other.name} computes the same", outcome.value)
        elif inverse and other.name == inverse:
            return await _inverted(attempt, skill, other, deps)
    return None


def _equivalent(skill: Skill, other: Skill) -> bool:
    """Declared by either side, and with the same parameters, so that the arguments fit."""
    declared = (
        other.name in skill.metadata.get(EQUIVALENT, "").split()
        or skill.name in other.metadata.get(EQUIVALENT, "").split()
    )
    return declared and _parameters(skill) == _parameters(other)


def _parameters(skill: Skill) -> list[tuple[str, str]]:
    return [(p.name, p.type) for p in skill.signature.parameters] if skill.signature else []


async def _inverted(attempt: Attempt, skill: Skill, inverse: Skill, deps: Deps) -> Verdict | None:
    """Put the value into the inverse's first parameter, and the arguments of the same name beside."""
    if skill.signature is None or inverse.signature is None or not inverse.signature.parameters:
        return None
    subject = skill.signature.parameters[0].name
    first, *others = (p.name for p in inverse.signature.parameters)
    given = {
        first: attempt.value,
        **{n: attempt.arguments[n] for n in others if n in attempt.arguments},
    }
    try:
        arguments = coerce_arguments(given, inverse.signature)
    except CoercionError:
        return None  # this value is outside what the inverse takes: no check
    outcome = await deps.call(inverse, arguments)
    if not outcome.ok or subject not in attempt.arguments:
        return None
    agrees = same_value(outcome.value, attempt.arguments[subject])
    return _recomputation(agrees, f"{inverse.name} leads back to the input", outcome.value)


def _recomputation(agrees: bool, claim: str, value: JsonValue) -> Verdict:
    detail = claim if agrees else f"not confirmed: {claim.partition(' ')[0]} gives {value!r}"
    return Verdict(ok=agrees, method="recomputation", detail=detail)


def _unexpected(value: JsonValue, step: Step) -> str:
    return problem(value, {"type": step.expects}) if step.expects else problem(value, {})


async def _asked(attempt: Attempt, state: StepState, deps: Deps, judge: Judge) -> Verdict:
    answer = await deps.ask(judge.judge(state["step"], list(state["values"]), attempt.value))
    opinion = judge.read_judgement(answer.text)
    return Verdict(ok=opinion.ok, method="model", detail=opinion.why or "the model agrees")


async def _record(attempt: Attempt, run: str, deps: Deps) -> None:
    """The ledger hears of the skill and of the experiences that stood in the prompt."""
    skills = [attempt.skill] if attempt.skill != MODEL else []
    for skill in (*skills, *attempt.experiences):
        await deps.record(skill, "used", run)
        await deps.record(skill, "succeeded" if attempt.ok else "failed", run)

"""The end of a run: the answer in words, what was verified and how, and the whole as one value."""

from __future__ import annotations

from langgraph.runtime import Runtime
from pydantic import JsonValue

from skillweave.agent.deps import Deps, tell
from skillweave.agent.nodes.replan import first_failure, why_failed
from skillweave.agent.plan import Plan
from skillweave.agent.profiles.base import Done, Planned
from skillweave.agent.result import Outcome, Result, Token
from skillweave.agent.state import MODEL, Doubtful, State, finished, reports_of
from skillweave.agent.words import checked_in_words, in_words

ADD = "add one with `skillweave skills add PATH` (or drop a file into the library)"
LARGER = "name a larger model, for example `--model Qwen/Qwen3-8B` or `--model openai:NAME`"
BEYOND = (
    "This is beyond the model in use: it plans with skills over text, numbers, lists, tables, dates "
    f"and units, and cannot answer open questions. For more, {LARGER}."
)


async def answer(state: State, runtime: Runtime[Deps]) -> State:
    """Say how it ended."""
    outcome = outcome_of(state)
    words, tokens = "", 0
    if outcome == "solved":
        words, tokens = await _told(state, runtime)
    result = conclude(state, runtime.context, outcome, words, tokens)
    return {"result": result, "tokens": tokens}


def outcome_of(state: State) -> Outcome:
    """What kind of end the state amounts to."""
    planned = state.get("planned", Planned(beyond=True))
    if state.get("plan") is None:
        return "answered" if planned.say is not None and not planned.beyond else "declined"
    failed = first_failure(state)
    if failed is not None:
        return "failed" if failed.attempts else "declined"
    return "solved"


def conclude(
    state: State, deps: Deps, outcome: Outcome, words: str = "", tokens: int = 0
) -> Result:
    """The result of a run; ``words`` take the place of what would be said by itself."""
    reports = tuple(sorted(reports_of(state).values(), key=lambda report: report.id))
    attempts = [a for report in reports if report.ok for a in report.attempts[-1:]]
    skills = [n for a in attempts for n in (a.skill, *a.experiences) if n != MODEL]
    used = sum(a.tokens for report in state.get("reports", ()) for a in report.attempts)
    return Result(
        run=state["run"],
        task=state["task"],
        outcome=outcome,
        answer=words or _said(state, outcome),
        value=_value(state) if outcome == "solved" else None,
        plan=state.get("plan"),
        steps=reports,
        skills=tuple(dict.fromkeys(skills)),
        new_skills=tuple(state.get("new_skills", ())),
        nearest=state["doubtful"].nearest if "doubtful" in state else "",
        read_as=_read_as(state),
        replans=state.get("replans", 0),
        confidence=state.get("confidence", 1.0),
        tokens=used + state.get("tokens", 0) + tokens,
        seconds=deps.budget.seconds,
    )


def _read_as(state: State) -> str:
    """The goals of steps that stand for no plan of the model's."""
    called = state.get("folded", ()) if state.get("unfolded") is None else ()
    reports = reports_of(state)
    return "; ".join(reports[one.step].goal for one in called if one.step in reports)


async def _told(state: State, runtime: Runtime[Deps]) -> tuple[str, int]:
    """The answers' values in words, the model's where it can, and how they were verified."""
    deps, leaves = runtime.context, _leaves(state)
    prompt = deps.profile.answer(state["task"], leaves)
    reports = reports_of(state)
    plain = in_words([reports[done.step.id] for done in leaves])
    checked = checked_in_words(list(reports.values()))
    if prompt is None:
        return f"{plain}\n\n{checked}", 0

    def heard(text: str) -> None:
        tell(runtime, Token(text=text))

    said = await deps.ask(prompt, on_token=heard)
    return f"{said.text.strip() or plain}\n\n{checked}", said.tokens


def _leaves(state: State) -> tuple[Done, ...]:
    plan = state.get("plan")
    ids = {step.id for step in plan.leaves()} if plan is not None else set()
    return tuple(done for done in finished(state) if done.step.id in ids)


def _value(state: State) -> JsonValue:
    values = [done.value for done in _leaves(state)]
    return values[0] if len(values) == 1 else list(values)


def _unsure(plan: Plan) -> str:
    """How the request was read, so that the user sees what to say otherwise."""
    reading = "; ".join(f"#{step.id} {step.render().strip()}" for step in plan.steps)
    return (
        f"I am not sure that I read this right: {reading}. Say it in shorter sentences, one wish in each "
        f"and values in quotes, or {LARGER}."
    )


def _doubtful(step: Doubtful) -> str:
    return (
        f"No skill here surely can “{step.goal}”; the nearest is {step.nearest}. If that is meant, say yes "
        f"in the chat, or name it (`--skill {step.nearest}`); else {ADD}, or {LARGER}."
    )


def _said(state: State, outcome: Outcome) -> str:
    planned = state.get("planned", Planned(beyond=True))
    if outcome == "answered":
        return planned.say or ""
    if "doubtful" in state:
        return _doubtful(state["doubtful"])
    if "unsure" in state:
        return _unsure(state["unsure"])
    failed = first_failure(state)
    if outcome == "declined" and failed is not None:
        return f"No skill here can “{failed.goal}”: {ADD}, or {LARGER}."
    if outcome == "declined":
        why = state.get("why", "")
        return f"{BEYOND} ({why})" if why else BEYOND
    if failed is None:
        return "The run did not come to its end."
    if all(attempt.refused for attempt in failed.attempts):
        nearest = failed.attempts[0]
        name = nearest.skill.partition("@")[0]
        nothing = f"No skill here can “{failed.goal}”: {ADD}, or {LARGER}."
        return f"{nothing} The nearest, {name}, does not take these values: {nearest.error}."
    tried = ", ".join(dict.fromkeys(a.skill.partition("@")[0] for a in failed.attempts))
    return f"“{failed.goal}” did not work: {why_failed(failed)} (tried: {tried})."

"""After every round of steps: when one failed, ask once more for the plan from there on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from langgraph.runtime import Runtime

from skillweave.agent.deps import Deps, tell
from skillweave.agent.nodes.plan import confidence_of, trusted
from skillweave.agent.plan import Plan, Ref, Step
from skillweave.agent.profiles.base import Done
from skillweave.agent.result import PlanMade, StepReport
from skillweave.agent.state import State, finished, reports_of
from skillweave.skills.errors import PlanError


async def replan(state: State, runtime: Runtime[Deps]) -> State:
    """Leave the plan alone, take a composite apart again, or replace what is not yet done."""
    deps, plan = runtime.context, state.get("plan")
    failed = first_failure(state)
    if plan is None or failed is None:
        return {}
    if any(one.step == failed.id for one in state.get("folded", ())):
        return _unfolded(state, runtime)
    if not failed.attempts or state.get("replans", 0) >= deps.settings.max_replans:
        return {}
    step = next(s for s in plan.steps if s.id == failed.id)
    return await _planned_anew(state, step, why_failed(failed), runtime)


async def _planned_anew(state: State, step: Step, why: str, runtime: Runtime[Deps]) -> State:
    """Take another reading of the request that can be trusted, else ask the model for a new plan."""
    deps, done, history = runtime.context, finished(state), tuple(state.get("history", ()))
    replans = state.get("replans", 0)
    for answer in await asyncio.to_thread(deps.profile.readings, state["task"], history):
        rest = _rest_without(step, answer.text, state, deps)
        if rest is not None and await trusted(rest, confidence_of(answer), state, deps):
            return {"tokens": answer.tokens, "replans": replans + 1, **_taken(rest, state, runtime)}
    prompt = deps.profile.replan(state["task"], history, done, step, why)
    update: State = {"tokens": 0}
    for tried in range(replans + 1, deps.settings.max_replans + 1):
        answer = await deps.ask(prompt)
        update["tokens"] += answer.tokens
        update["replans"] = tried
        rest = _rest_without(step, answer.text, state, deps)
        if rest is not None:
            return {**update, **_taken(rest, state, runtime)}
    return update


def _rest_without(step: Step, text: str, state: State, deps: Deps) -> Plan | None:
    """What a new plan leaves to do; None where it is no plan or has the failed step again."""
    history = tuple(state.get("history", ()))
    try:
        made = deps.profile.read_plan(text, state["task"], history).plan
        rest = _rest(made, finished(state), history, _first_free(state))
    except PlanError as error:
        deps.trace.write("not_replanned", reason=str(error))
        return None
    if rest is None or any((s.goal, s.inputs) == (step.goal, step.inputs) for s in rest.steps):
        deps.trace.write("not_replanned", reason="the new plan has the failed step again")
        return None
    return rest


def _taken(rest: Plan, state: State, runtime: Runtime[Deps]) -> State:
    budget = runtime.context.budget
    budget.allow_steps(budget.steps + len(rest.steps))
    plan = Plan(steps=(*(d.step for d in finished(state)), *rest.steps))
    tell(runtime, PlanMade(plan=plan, replan=True))
    return {"plan": plan}


def first_failure(state: State) -> StepReport | None:
    """The first step of the current plan that was tried and failed."""
    return next((r for r in reports_of(state).values() if not r.ok), None)


def why_failed(report: StepReport) -> str:
    """What the last attempt ran into, in one line; the first attempt had the best skill."""
    if not report.attempts:
        return "no skill fits"
    best = report.attempts[0]
    return best.error or (best.verdict.detail if best.verdict else "the value was refused")


def _unfolded(state: State, runtime: Runtime[Deps]) -> State:
    """Do with single steps, under new numbers, what the composite could not."""
    whole = state.get("unfolded")
    if whole is None:
        return {"folded": ()}
    plan = _renumbered(whole, _first_free(state))
    runtime.context.budget.allow_steps(runtime.context.budget.steps + len(plan.steps))
    tell(runtime, PlanMade(plan=plan, confidence=state.get("confidence", 1.0), replan=True))
    return {"plan": plan, "folded": (), "unfolded": None}


def _first_free(state: State) -> int:
    plan = state.get("plan")
    numbers = [s.id for s in plan.steps] if plan is not None else []
    numbers += [r.id for r in state.get("reports", ())]
    return max(numbers, default=0) + 1


def _rest(
    made: Plan | None, done: Sequence[Done], history: Sequence[Done], first: int
) -> Plan | None:
    """What is left to do of a new plan, which may tell the finished steps again."""
    new: dict[int, int] = {}
    left: list[Step] = []
    for step in made.steps if made is not None else ():
        moved = _moved(step, new, first + len(left))
        same = [
            d.step.id for d in done if (d.step.goal, d.step.inputs) == (moved.goal, moved.inputs)
        ]
        new[step.id] = same[0] if same else moved.id
        left += [] if same else [moved]
    known = {d.step.id for d in (*history, *done)} | {step.id for step in left}
    dangling = sorted(n for step in left for n in step.needs - known)
    if dangling:
        raise PlanError(f"the new plan refers to #{dangling[0]}, which is not done")
    return Plan(steps=tuple(left)) if left else None


def _renumbered(plan: Plan, first: int) -> Plan:
    """The same plan under numbers that no failed step has had, so that reports stay apart."""
    new = {step.id: first + index for index, step in enumerate(plan.steps)}
    return Plan(steps=tuple(_moved(step, new, new[step.id]) for step in plan.steps))


def _moved(step: Step, new: Mapping[int, int], number: int) -> Step:
    inputs = tuple(
        Ref(step=new.get(i.step, i.step)) if isinstance(i, Ref) else i for i in step.inputs
    )
    return Step(id=number, goal=step.goal, inputs=inputs, expects=step.expects)

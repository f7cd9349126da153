"""From the request to a plan, to direct words, or to the honest statement that it is beyond us."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from langgraph.runtime import Runtime

from skillweave.agent.deps import Deps, tell
from skillweave.agent.growth.reuse import fold
from skillweave.agent.handle import Answer
from skillweave.agent.nodes.calls import Called, called
from skillweave.agent.nodes.doable import MISFIT, best_skill, matches
from skillweave.agent.nodes.readings import is_own
from skillweave.agent.nodes.whole import whole
from skillweave.agent.plan import Plan
from skillweave.agent.profiles.base import BEYOND, SAY, Message, Planned, Prompt
from skillweave.agent.result import PlanMade
from skillweave.agent.state import Doubtful, State
from skillweave.skills.errors import PlanError
from skillweave.skills.model import Skill

HINTS = 8
SAMPLES = 8
WARMTH = 0.7
UNDOABLE = 3.0
"""In nats: how much likelier a plan must be to make up for a step that no skill of the library can do."""
DOUBT = 6.0
"""How much a relevance below 1 counts against a step, beside the probability of the plan: both were chosen
on ``evals/data/development_free.jsonl``."""
DECLINED = 3.0
"""In nats: how much likelier than a plan it must be that a request is beyond us, where all else is well.
Of 150 requests beyond us, drawn from nano's training, none got a plan for it."""


async def plan(state: State, runtime: Runtime[Deps]) -> State:
    """Ask for a plan; a part of it that an earlier run has compiled becomes one step.

    Where there is none, or a step for which the library has nothing, the request may be calls of tools.
    """
    deps = runtime.context
    update = await _planned(state, deps)
    one = await _otherwise(update, state, deps)
    if one is not None and one.sure:
        deps.budget.allow_steps(len(one.plan.steps))
        made: State = {"planned": Planned(plan=one.plan), "plan": one.plan, "folded": one.folded}
        update = {**made, "confidence": one.confidence, "tokens": update["tokens"]}
    elif one is not None and update["plan"] is None:
        update["doubtful"] = Doubtful(goal=" ".join(state["task"].split()), nearest=one.tool)
    if (chosen := update["plan"]) is not None:
        tell(runtime, PlanMade(plan=chosen, confidence=update["confidence"]))
    return update


async def _otherwise(update: State, state: State, deps: Deps) -> Called | None:
    """What a request may be where a small model has no plan for it, or the library nothing for a step.

    Calls of the user's own tools alone, each by itself, are better read off the tools themselves. One among
    other steps is where it needs no result of theirs, but was planned with one.
    """
    made = update["plan"]
    if update["planned"].say or deps.profile.does_steps:
        return None
    if made is None:
        return await called(state, deps, partial(_read_as, update, state, deps))
    if state.get("pinned") or "folded" in update:
        return None
    skills = [await best_skill(step, deps) for step in made.steps]
    own = [skill is not None and is_own(skill) for skill in skills]
    holds = all(await matches(made, deps))
    if holds and not any(own):
        return None
    one = await called(state, deps, partial(_read_as, update, state, deps))
    if one is None or not holds:
        return one
    tools = {folded.step: folded.skill.partition("@")[0] for folded in one.folded}
    freed = any(
        step.needs and skill is not None and tools.get(step.id) == skill.name
        for step, skill in zip(made.steps, skills, strict=True)
    )
    apart = all(own) and not any(step.needs for step in made.steps)
    return one if (apart or freed) and len(one.plan.steps) >= len(made.steps) else None


async def _read_as(update: State, state: State, deps: Deps) -> Plan | None:
    """The plan that was made, was not sure enough, or was less likely than that it is beyond us."""
    made = update["plan"] or update.get("unsure")
    if made is not None:
        return made
    task, history = state["task"], tuple(state.get("history", ()))
    for one in await asyncio.to_thread(deps.profile.readings, task, history):
        try:
            if one.text not in (SAY, BEYOND):
                return deps.profile.read_plan(one.text, task, history).plan
        except PlanError:
            continue
    return None


async def _planned(state: State, deps: Deps) -> State:
    task, history = state["task"], tuple(state.get("history", ()))
    prompt = deps.profile.plan(task, history, await _hints(deps, state))
    tokens = 0
    why = ""
    for _ in range(2):
        answer, spent = await _least_faulty(prompt, state, deps)
        tokens += spent
        try:
            planned = deps.profile.read_plan(answer.text, task, history)
            _check_references(planned, {done.step.id for done in history})
        except PlanError as error:
            why = str(error)
            if not deps.profile.does_steps:
                break  # a small model does not learn from being told
            prompt = _ask_again(prompt, answer, why)
            continue
        return await _accepted(planned, confidence_of(answer), tokens, state, deps)
    return {"planned": Planned(beyond=True), "plan": None, "why": why, "tokens": tokens}


async def _accepted(
    planned: Planned, confidence: float, tokens: int, state: State, deps: Deps
) -> State:
    update: State = {"planned": planned, "plan": None, "confidence": confidence, "tokens": tokens}
    made = planned.plan
    if made is None or not made.steps:
        return update
    if not await trusted(made, confidence, state, deps):
        update |= {"planned": Planned(beyond=True), "unsure": made}
        if confidence >= _least(deps) and (doubtful := await _doubtful(made, deps)):
            update["doubtful"] = doubtful
        return update
    if not (deps.profile.does_steps or state.get("pinned")):
        made = await whole(made, deps)
    deps.budget.allow_steps(len(made.steps))
    folding = fold(made, await deps.tools())
    update["plan"] = folding.plan
    if folding.folded:
        update["unfolded"] = made
        update["folded"] = folding.folded
    return update


async def trusted(plan: Plan, confidence: float, state: State, deps: Deps) -> bool:
    """Whether a plan is tried: it is likely, and what the library has for its steps is near to them.

    A step for which there is nothing raises no doubt, that will be said; nor does any where the user
    named the skills.
    """
    least = _least(deps)
    if confidence < least or not least or state.get("pinned"):
        return confidence >= least
    doubts = [_doubt(match) for match in await matches(plan, deps) if match]
    return confidence * math.exp(-sum(doubts)) >= least


def _least(deps: Deps) -> float:
    given = deps.settings.min_confidence
    return deps.profile.min_confidence if given is None else given


async def _doubtful(plan: Plan, deps: Deps) -> Doubtful | None:
    """The step that the library is least sure of, among those for which it has anything."""
    near = await matches(plan, deps)
    weakest = min((n for n, match in enumerate(near) if match), key=lambda n: near[n], default=None)
    if weakest is None:
        return None
    step = plan.steps[weakest]
    skill = await best_skill(step, deps)
    return Doubtful(goal=step.render().strip(), nearest=skill.name) if skill else None


async def _least_faulty(prompt: Prompt, state: State, deps: Deps) -> tuple[Answer, int]:
    """What a reader makes of the request; where there is none, or words are wanted, what the model does.

    It is the most likely answer or, where its words or the library speak against it, the best of several.
    Returns the answer and the tokens of all.
    """
    read = await _read(state, deps)
    if read is not None:
        return read, read.tokens
    first = await deps.ask(prompt)
    against = {first.text: await _weighed(first.text, state, deps)}
    if against[first.text].flawless:
        return first, first.tokens
    warm = prompt.model_copy(update={"temperature": WARMTH})
    answers = [first, *await asyncio.gather(*(deps.ask(warm) for _ in range(SAMPLES)))]
    for answer in answers:
        if answer.text not in against:
            against[answer.text] = await _weighed(answer.text, state, deps)
    best = min(answers, key=lambda answer: against[answer.text].cost - _logprob(answer))
    return best, sum(answer.tokens for answer in answers)


async def _read(state: State, deps: Deps) -> Answer | None:
    """The reader's best plan: likely, and such that the library can do it."""
    task, history = state["task"], tuple(state.get("history", ()))
    readings = await asyncio.to_thread(deps.profile.readings, task, history)
    if not readings or readings[0].text == SAY:
        return None
    deps.trace.read(readings)
    # A request is beyond us only where no plan is as likely that the library can do as well.
    read = [one for one in readings if one.text != SAY]
    best, least = read[0], math.inf
    for one in read:
        if -_logprob(one) >= least:
            continue  # whatever the library has for it, it is too unlikely
        beyond = one.text == BEYOND
        against = DECLINED if beyond else (await _weighed(one.text, state, deps)).cost
        if against - _logprob(one) < least:
            best, least = one, against - _logprob(one)
    return _given_ours(best, read)


def _given_ours(chosen: Answer, read: Sequence[Answer]) -> Answer:
    """A plan that came before declining is as likely as it is among what is not beyond us."""
    beyond = sum(math.exp(_logprob(one)) for one in read if one.text == BEYOND)
    if chosen.text == BEYOND or not 0.0 < beyond < 1.0:
        return chosen
    logprob = min(0.0, _logprob(chosen) - math.log1p(-beyond))
    return chosen.model_copy(update={"mean_logprob": logprob / max(1, chosen.tokens)})


def _logprob(answer: Answer) -> float:
    return (answer.mean_logprob or 0.0) * answer.tokens


class _Weighed(NamedTuple):
    """What speaks against an answer."""

    faults: float
    """In nats: words left out or said twice."""
    matches: Sequence[float]
    """For every step how near the library is to it."""

    @property
    def flawless(self) -> bool:
        """Whether every word is there, and for each step a skill that surely takes its values."""
        return not self.faults and min(self.matches, default=1.0) > MISFIT

    @property
    def cost(self) -> float:
        """All of it, in nats."""
        return self.faults + sum(map(_doubt, self.matches))


async def _weighed(text: str, state: State, deps: Deps) -> _Weighed:
    task, history = state["task"], tuple(state.get("history", ()))
    faults = deps.profile.faults(text, task)
    if deps.profile.does_steps or state.get("pinned"):
        return _Weighed(faults, ())
    try:
        plan = deps.profile.read_plan(text, task, history).plan
    except PlanError:
        return _Weighed(faults, ())
    return _Weighed(faults, await matches(plan, deps) if plan else ())


def _doubt(match: float) -> float:
    return -DOUBT * math.log(match) if match else UNDOABLE


def confidence_of(answer: Answer) -> float:
    """The probability of the whole answer; 1 when the provider tells none."""
    return math.exp(min(0.0, _logprob(answer)))


async def _hints(deps: Deps, state: State) -> tuple[Skill, ...]:
    """Skills the whole request resembles, after those the user named."""
    pinned = [await deps.get(name) for name in state.get("pinned", ())]
    if not deps.profile.does_steps:
        return tuple(pinned)
    hits = await asyncio.to_thread(deps.library.search, state["task"], k=HINTS)
    found = {skill.name: skill for skill in (*pinned, *(hit.skill for hit in hits))}
    return tuple(found.values())


def _check_references(planned: Planned, known: set[int]) -> None:
    made: Plan | None = planned.plan
    for step in made.steps if made is not None else ():
        dangling = sorted(step.needs - known)
        if dangling:
            raise PlanError(f"step {step.id} refers to #{dangling[0]}, which does not exist")
        known = known | {step.id}


def _ask_again(prompt: Prompt, answer: Answer, why: str) -> Prompt:
    correction = f"That is not a valid plan: {why}. Answer again with a valid one."
    said = Message(role="assistant", content=answer.text)
    told = Message(role="user", content=correction)
    return prompt.model_copy(update={"messages": (*prompt.messages, said, told)})

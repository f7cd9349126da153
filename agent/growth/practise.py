"""Way "practise": propose tasks, try them, let something else judge, keep what passes (PAE, BOSS).

The proposer knows the program behind a task and what it gives; the agent is told the words alone and
plans by itself. Right is what equals the program's value, whatever the agent's own checks say. Of a
right attempt the plan becomes a composite tool, if the gate finds that it also answers fresh tasks of
its family. Of a wrong one the reason may be that a tool was not known by the words it was asked for:
then these words are taught to it, unless they would draw requests away from its neighbours.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from skillweave.agent.coerce import CoercionError, coerce_arguments
from skillweave.agent.deps import Deps
from skillweave.agent.growth.admission import Admission
from skillweave.agent.growth.benefit import by_position
from skillweave.agent.growth.compile import AUTHOR, Compiled, Tool, parts
from skillweave.agent.growth.neighbours import Views, losses
from skillweave.agent.growth.practise_course import FILE, Attempted, Course
from skillweave.agent.growth.practise_tasks import Practice, Proposer
from skillweave.agent.growth.reuse import CHAIN
from skillweave.agent.growth.verdict import Candidate, Task
from skillweave.agent.growth.wiring import NotCompiledError
from skillweave.agent.nodes.learn import CHECKED, compiled_of
from skillweave.agent.plan import Literal, Step
from skillweave.agent.result import Result
from skillweave.agent.state import State, reports_of
from skillweave.skills.cases import same_value
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import ModelError, ServerError
from skillweave.skills.folder import PREFIX, TOOL_FILE
from skillweave.skills.model import Frozen, Skill
from skillweave.store.embed import EmbeddingCache, MiniLMEmbedder
from skillweave.store.layout import Layout
from skillweave.store.prepared import prepared_vectors

FAMILIES = 24
"""Families, drawn anew, among which the next task is chosen."""
FRESH = 4
"""Tasks of the family that the gate gets to see before a composite is let in."""

Attempt = Callable[[str], Awaitable[tuple[Result, State]]]
"""Does a task without learning from it."""
OnAttempt = Callable[[Attempted], None]


class Practised(Frozen):
    """What came of a time of practice."""

    attempts: int
    right: int
    first_half: float | None
    """Share that was right in the first half of the attempts."""
    second_half: float | None
    kept: tuple[str, ...]
    taught: tuple[str, ...]
    seconds: float
    before: int
    """Attempts on record from earlier times."""


class Wanted(Frozen):
    """How long, and from what."""

    seconds: float
    tasks: int | None = None
    seed: int = 0
    failures: tuple[str, ...] = ()
    """Requests of earlier runs that came to nothing."""


class Practising:
    """Practice of one library; the record of its attempts is kept beside it."""

    def __init__(self, deps: Deps, attempt: Attempt, proposer: Proposer) -> None:
        self._deps, self._attempt, self._proposer = deps, attempt, proposer
        self._gate = Admission(deps.library, deps.sandbox)
        self.course = Course(Layout(deps.library.root).records / FILE)

    async def practise(self, wanted: Wanted, on_attempt: OnAttempt) -> Practised:
        """Attempt after attempt, until the time or the number of tasks is used up.

        Every attempt is on record before the next one begins: stopped at any moment, it goes on there.
        """
        began, before = time.monotonic(), len(self.course.attempts)
        failures = list(wanted.failures)
        while time.monotonic() - began < wanted.seconds:
            done = len(self.course.attempts) - before
            if wanted.tasks is not None and done >= wanted.tasks:
                break
            # The number of attempts so far stands in the seed: a resumed practice does not repeat itself.
            rng = random.Random(f"{wanted.seed}/{before + done}")
            practice = await asyncio.to_thread(self._next, failures, rng)
            attempted = await self._tried(practice, rng)
            self.course.add(attempted)
            on_attempt(attempted)
        return _summed_up(self.course.attempts[before:], before, time.monotonic() - began)

    def _next(self, failures: list[str], rng: random.Random) -> Practice:
        if failures and rng.random() < 0.5:
            request = failures.pop(0)
            return Practice(family=f"failed: {request[:80]}", source="failure", request=request,
                            known=False)  # fmt: skip
        tried = [f for f in self.course.by_family() if not f.startswith("failed: ")]
        while True:
            drawn = self._proposer.families(rng, FAMILIES)
            some = rng.sample(tried, min(FAMILIES, len(tried)))
            family = self.course.choose([*drawn, *some], rng)
            practice = self._proposer.propose(family, rng)
            if practice is not None:
                return practice

    async def _tried(self, practice: Practice, rng: random.Random) -> Attempted:
        began = time.monotonic()
        told = Attempted(
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            family=practice.family,
            source=practice.source,
            request=practice.request,
            expected=practice.expected,
            outcome="failed",
            right=False,
        )
        try:
            result, state = await self._attempt(practice.request)
        except ServerError:
            raise
        except ModelError as error:
            return told.model_copy(update={"why": str(error)[:200]})
        right = _is_right(practice, result)
        kept: tuple[str, ...] = ()
        taught: tuple[str, ...] = ()
        why = ""
        if right:
            kept, why = await self._kept(practice, state, rng)
        elif practice.known:
            taught, why = await self._taught(practice, state)
        return told.model_copy(
            update={
                "got": result.value,
                "outcome": result.outcome,
                "right": right,
                "kept": kept,
                "taught": taught,
                "why": why or ("" if right else result.answer[:200]),
                "tokens": result.tokens,
                "seconds": round(time.monotonic() - began, 2),
            }
        )

    async def _kept(
        self, practice: Practice, state: State, rng: random.Random
    ) -> tuple[tuple[str, ...], str]:
        """Compile the plan of a right attempt and put it to the gate with fresh tasks of its family."""
        plan = state.get("plan")
        kept: list[str] = []
        why = ""
        for part in parts(plan) if plan is not None else ():
            try:
                compiled = await compiled_of(state, part, self._deps)
                kept.append(await asyncio.to_thread(self._offer, compiled, practice, rng))
            except NotCompiledError as error:
                why = str(error)[:200]
        return tuple(kept), why

    def _offer(self, compiled: Compiled, practice: Practice, rng: random.Random) -> str:
        library = self._deps.library
        known = library.list()
        twins = [s.name for s in known if s.metadata.get(CHAIN) == compiled.chain]
        if twins:
            raise NotCompiledError(f"{twins[0]} does the same")
        name = compiled.skill.name
        if any(skill.name == name for skill in known):
            name = f"{name[:57].rstrip('-')}-{compiled.chain[:6]}"
        about = {**compiled.skill.metadata, f"{PREFIX}practised": practice.family}
        skill = compiled.skill.model_copy(update={"name": name, "metadata": about})
        files = {TOOL_FILE: compiled.source.encode()}
        wrapped = WrappedSkill(skill=skill, files=files, source=Path(name))
        tasks = _fresh(self._proposer, practice, skill, rng)
        verdict = self._gate.offer(wrapped, AUTHOR, tasks)
        if verdict.decision != "probation":
            raise NotCompiledError(f"{name}: {verdict.line()}")
        return name

    async def _taught(self, practice: Practice, state: State) -> tuple[tuple[str, ...], str]:
        """Where the plan was sound and a step's tool was not found, teach that tool the step's words."""
        plan = state.get("plan")
        if plan is None or len(plan.steps) != len(practice.calls):
            return (), ""
        reports = reports_of(state)
        for number, (step, call) in enumerate(zip(plan.steps, practice.calls, strict=True)):
            report = reports.get(step.id)
            last = report.attempts[-1] if report is not None and report.attempts else None
            if last is not None and last.skill.partition("@")[0] == call.skill:
                continue
            if report is not None and report.ok and same_value(report.value, call.value):
                continue
            tool = self._proposer.tools[call.skill]
            if _gives(step, tool, number, practice):
                why = await asyncio.to_thread(self._teach, tool.skill, step)
                return ((), why) if why else ((call.skill,), "")
            return (), ""
        return (), ""

    def _teach(self, skill: Skill, step: Step) -> str:
        """Why the words were not taught; empty when they were."""
        words = " ".join(step.goal.replace("{}", " ").split())
        library = self._deps.library
        if words.casefold() in {request.casefold() for request in skill.requests}:
            return f"{skill.name} knows “{words}” already"
        grown = skill.model_copy(update={"requests": (*skill.requests, words)})
        file = Layout(library.root).embeddings
        with closing(EmbeddingCache(MiniLMEmbedder(), file, prepared_vectors)) as cache:
            candidate = Candidate(skill=grown, author="practise")
            for loss in losses(candidate, library, Views(cache), {skill.name}):
                if loss.clear:
                    return f"“{words}” would draw requests away from {loss.neighbour}"
        library.remember({skill.name: [words]})
        return ""


def _is_right(practice: Practice, result: Result) -> bool:
    """By the known answer; a failure that is tried again, by checks other than of types alone."""
    if result.outcome != "solved":
        return False
    if practice.known:
        return same_value(practice.expected, result.value)
    last = [step.attempts[-1] for step in result.steps if step.attempts]
    return bool(last) and all(a.verdict is not None and a.verdict.method in CHECKED for a in last)


def _fresh(
    proposer: Proposer, practice: Practice, skill: Skill, rng: random.Random
) -> tuple[Task, ...]:
    """Other tasks of the family, as far as their values are arguments of the composite."""
    found: list[Task] = []
    for _ in range(3 * FRESH):
        other = proposer.propose(practice.family, rng) if practice.known else None
        if other is None or len(found) == FRESH or skill.signature is None:
            break
        given = by_position(list(other.calls[0].arguments.values()), skill.signature)
        if given is not None and other.request != practice.request:
            found.append(Task(request=other.request, arguments=given, expected=other.expected))
    return tuple(found)


def _gives(step: Step, tool: Tool, number: int, practice: Practice) -> bool:
    """Whether the step hands the tool what the program behind the task hands it."""
    call = practice.calls[number]
    if number:
        return len(step.needs) == len(step.inputs) == 1
    values = [value.text for value in step.inputs if isinstance(value, Literal)]
    names = list(call.arguments)
    if len(values) != len(names):
        return False
    try:
        typed = coerce_arguments(dict(zip(names, values, strict=True)), tool.signature)
    except CoercionError:
        return False
    return all(same_value(call.arguments[name], typed.get(name)) for name in names)


def _summed_up(attempts: Sequence[Attempted], before: int, seconds: float) -> Practised:
    half = len(attempts) // 2

    def share(part: Sequence[Attempted]) -> float | None:
        return round(sum(one.right for one in part) / len(part), 3) if part else None

    return Practised(
        attempts=len(attempts),
        right=sum(one.right for one in attempts),
        first_half=share(attempts[:half]),
        second_half=share(attempts[half:]),
        kept=tuple(name for one in attempts for name in one.kept),
        taught=tuple(name for one in attempts for name in one.taught),
        seconds=round(seconds, 1),
        before=before,
    )

"""Way "write": the chat model writes a typed function from a task and what failed at it.

Create, decide, execute, rectify (CREATOR, https://arxiv.org/abs/2305.14318); then abstract and look for
what does the same (CRAFT, https://arxiv.org/abs/2309.17428). With examples by a person a draft must
give those it was shown, and the gate sees the ones kept back. Without, the model is asked for cases once
more, from the description alone, so that they are not read off the code. A model that is told nothing
but the task may be wrong twice in the same way: a person must approve written code in any case.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, Protocol

from pydantic import JsonValue

from skillweave.agent.growth import write_prompts as ask_for
from skillweave.agent.growth.write_code import (
    Draft,
    FaultError,
    arguments_in,
    cases_in,
    code_in,
    draft_of,
    wrong_case,
)
from skillweave.agent.handle import Answer
from skillweave.agent.profiles.base import Prompt
from skillweave.skills.cases import Runner, same_value
from skillweave.skills.errors import UserError
from skillweave.skills.model import Case, Frozen

AUTHOR = "write"
LEAST_CASES = 2
"""Cases by description that must be there, and hold, where nobody gave examples."""
Phase = Literal["create", "decide", "rectify", "abstract", "check"]
OnPhase = Callable[[Phase, int], None]
"""Told what the model is asked for, and how often it was asked before."""


class NotWrittenError(UserError):
    """No tool came out; the message says why the last draft was refused."""


class Problem(Frozen):
    """What a tool is wanted for."""

    request: str
    shown: tuple[Case, ...] = ()
    """Examples by a person that the model may see."""
    attempts: tuple[str, ...] = ()
    """What was tried and failed, in words."""


class Written(Frozen):
    """A tool that holds on what is known about it. The gate has not seen it yet."""

    draft: Draft
    cases: tuple[Case, ...]
    """Its own: the examples shown, or the call for the request with its value."""
    checked: tuple[Case, ...] = ()
    """Cases by someone who did not see the code, which it gives."""
    questions: int = 0
    tokens: int = 0


class Asking(Protocol):
    """How the model is asked; `Deps.ask` is one."""

    def __call__(self, prompt: Prompt) -> Awaitable[Answer]: ...


async def write(
    problem: Problem,
    ask: Asking,
    runner: Runner,
    *,
    rounds: int = 4,
    on_phase: OnPhase | None = None,
) -> Written:
    """A tool for the problem, after at most ``rounds`` drafts.

    Raises:
        NotWrittenError: no draft held.
    """
    writer = _Writer(problem, ask, runner, on_phase or _deaf)
    draft, cases = await writer.draft(rounds)
    checked: tuple[Case, ...] = ()
    if not problem.shown:
        draft, cases = await writer.general(draft, cases)
        checked = await writer.checked(draft)
    return Written(
        draft=draft,
        cases=cases,
        checked=checked,
        questions=writer.questions,
        tokens=writer.tokens,
    )


class _Writer:
    def __init__(self, problem: Problem, ask: Asking, runner: Runner, on_phase: OnPhase) -> None:
        self._problem, self._asking, self._runner = problem, ask, runner
        self._on_phase = on_phase
        self.questions = self.tokens = 0

    async def _ask(self, phase: Phase, prompt: Prompt) -> str:
        self._on_phase(phase, self.questions)
        answer = await self._asking(prompt)
        self.questions += 1
        self.tokens += answer.tokens
        return answer.text

    async def draft(self, rounds: int) -> tuple[Draft, tuple[Case, ...]]:
        """Create, then rectify until a draft holds."""
        problem = self._problem
        asked = ask_for.create(problem.request, problem.shown, problem.attempts)
        prompt, fault = asked, ""
        for number in range(rounds):
            source = code_in(await self._ask("rectify" if number else "create", prompt))
            try:
                draft = draft_of(source, self._names)
                return draft, await self._tried(draft)
            except FaultError as error:
                fault = str(error)
                prompt = ask_for.rectify(asked, source, fault)
        raise NotWrittenError(f"no draft held in {rounds} rounds; the last one: {fault}")

    async def general(
        self, draft: Draft, cases: tuple[Case, ...]
    ) -> tuple[Draft, tuple[Case, ...]]:
        """The general form, where it still answers the request; else the draft as it is."""
        source = code_in(
            await self._ask("abstract", ask_for.abstract(self._problem.request, draft.source))
        )
        if source == draft.source:
            return draft, cases
        try:
            other = draft_of(source)
            again = await self._tried(other)
        except FaultError:
            return draft, cases
        same = same_value(cases[0].expected, again[0].expected)
        return (other, again) if same else (draft, cases)

    async def checked(self, draft: Draft) -> tuple[Case, ...]:
        """Cases by description, all of which the draft gives.

        Raises:
            NotWrittenError: there are too few, or one does not hold.
        """
        told = await self._ask("check", ask_for.check(draft.signature))
        cases = cases_in(told, draft.signature)
        if len(cases) < LEAST_CASES:
            raise NotWrittenError(
                f"nobody could check it: {len(cases)} cases were given, {LEAST_CASES} are needed"
            )
        wrong = wrong_case(draft, cases, self._runner)
        if wrong:
            raise NotWrittenError(f"it does not do what its own description says: {wrong}")
        return cases

    @property
    def _names(self) -> Sequence[str]:
        return tuple(self._problem.shown[0].arguments) if self._problem.shown else ()

    async def _tried(self, draft: Draft) -> tuple[Case, ...]:
        """Execute: the examples shown, or the call that the model decides on."""
        if self._problem.shown:
            wrong = wrong_case(draft, self._problem.shown, self._runner)
            if wrong:
                raise FaultError(wrong)
            return self._problem.shown
        prompt = ask_for.decide(self._problem.request, draft.signature)
        given = arguments_in(await self._ask("decide", prompt), draft.signature)
        return (Case(arguments=given, expected=self._called(draft, given)),)

    def _called(self, draft: Draft, given: Mapping[str, JsonValue]) -> JsonValue:
        outcome = self._runner.run(draft.source, draft.signature.function, given)
        if not outcome.ok:
            raise FaultError(f"{dict(given)} gives {outcome.error}")
        return outcome.value


def _deaf(phase: Phase, asked: int) -> None:
    """Nobody listens."""

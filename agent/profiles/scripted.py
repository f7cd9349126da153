"""A profile for tests of the graph: plain JSON in both directions, readable prompts.

Together with `skillweave.agent.scripted.ScriptedModel` it plays any model. Never a default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue, ValidationError

from skillweave.agent.handle import Answer
from skillweave.agent.plan import Plan, Step
from skillweave.agent.profiles.base import Done, Filled, Message, Planned, Prompt
from skillweave.skills.errors import ModelError, PlanError, ServerError
from skillweave.skills.model import Signature, Skill


class ScriptedProfile:
    """Asks ``plan: request``, ``replan: goal``, ``fill: goal``, ``do: goal``; reads JSON."""

    name = "scripted"
    min_confidence = 0.0

    def __init__(self, *, does_steps: bool = False, fills: bool = False) -> None:
        self.does_steps = does_steps
        self._fills = fills

    def plan(self, request: str, history: Sequence[Done], hints: Sequence[Skill]) -> Prompt:
        return _prompt(f"plan: {request}")

    def readings(self, request: str, history: Sequence[Done]) -> Sequence[Answer]:
        return ()

    def replan(
        self, request: str, history: Sequence[Done], done: Sequence[Done], failed: Step, why: str
    ) -> Prompt:
        return _prompt(f"replan: {failed.render()}")

    def read_plan(self, text: str, request: str, history: Sequence[Done]) -> Planned:
        try:
            return Planned.model_validate_json(text)
        except ValidationError as error:
            raise PlanError(f"no plan: {error.errors()[0]['msg']}") from None

    def fill(
        self, step: Step, values: Sequence[JsonValue], signature: Signature, notes: Sequence[str]
    ) -> Prompt | None:
        return _prompt(f"fill: {step.render()}") if self._fills else None

    def read_fill(
        self, text: str | None, step: Step, values: Sequence[JsonValue], signature: Signature
    ) -> Filled:
        """The values in the order of the parameters, when nothing was asked."""
        if text is not None:
            return Filled(arguments=json.loads(text))
        names = [parameter.name for parameter in signature.parameters]
        if len(values) > len(names):
            raise ModelError(f"{signature.function} takes {len(names)} values, not {len(values)}")
        return Filled(arguments=dict(zip(names, values, strict=False)))

    def faults(self, text: str, request: str) -> float:
        return 0.0

    def do(
        self, step: Step, values: Sequence[JsonValue], skill: Skill | None, notes: Sequence[str]
    ) -> Prompt:
        return _prompt(f"do: {step.render()}")

    def answer(self, request: str, results: Sequence[Done]) -> Prompt | None:
        return None


def script(answers: Mapping[str, str | Plan]) -> _Script:
    """What a `ScriptedModel` says, by the prompt; a plan is said as JSON."""
    return _Script(answers)


class _Script:
    def __init__(self, answers: Mapping[str, str | Plan]) -> None:
        self._answers = answers

    def __call__(self, prompt: Prompt, adapter: str | None) -> str | Answer:
        asked = prompt.messages[-1].content
        said = self._answers.get(asked if adapter is None else f"{asked} [{adapter}]")
        if said is None:
            raise ServerError(f"the script has no answer to {asked!r}")
        return Planned(plan=said).model_dump_json() if isinstance(said, Plan) else said


def _prompt(text: str) -> Prompt:
    return Prompt(messages=(Message(role="user", content=text),))

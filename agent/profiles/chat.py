"""The profile of large chat models: prompts from templates, answers as JSON that a schema bounds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import JsonValue, ValidationError

from skillweave.agent.handle import Answer
from skillweave.agent.plan import Literal, Plan, Ref, Step
from skillweave.agent.profiles.base import Done, Filled, Message, Planned, Prompt, Structure
from skillweave.agent.profiles.judge import Judgement
from skillweave.skills.errors import PlanError
from skillweave.skills.model import Signature, Skill

PREVIEW = 2000
"""Characters of a value that a prompt shows; the value itself goes to the tool whole."""
TYPES = ["", "string", "integer", "number", "boolean", "array", "object"]
_INPUT_TOKEN = re.compile(r"\$(\d+)")
_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)


def _object(**properties: JsonValue) -> dict[str, JsonValue]:
    """An object with exactly these properties, as strict structured outputs want it."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_STEPS: Final[dict[str, JsonValue]] = {
    "type": "array",
    "items": _object(
        id={"type": "integer"},
        goal={"type": "string"},
        inputs={
            "type": "array",
            "items": {
                "anyOf": [_object(literal={"type": "string"}), _object(step={"type": "integer"})]
            },
        },
        expects={"type": "string", "enum": list(TYPES)},
    ),
}
PLAN: Final = Structure(
    json_schema=_object(
        kind={"type": "string", "enum": ["plan", "say", "beyond"]},
        say={"type": "string"},
        steps=_STEPS,
    )
)
JUDGEMENT: Final = Structure(json_schema=_object(why={"type": "string"}, ok={"type": "boolean"}))


class ChatProfile:
    """See `Profile`. The templates lie in ``agent/profiles/templates``."""

    name = "chat"
    does_steps = True
    min_confidence = 0.0

    def plan(self, request: str, history: Sequence[Done], hints: Sequence[Skill]) -> Prompt:
        user = _render("plan", request=request, history=_told(history), hints=list(hints))
        return _prompt(_render("planner", first=_next_id(history)), user, PLAN, 2048)

    def readings(self, request: str, history: Sequence[Done]) -> Sequence[Answer]:
        return ()

    def replan(
        self, request: str, history: Sequence[Done], done: Sequence[Done], failed: Step, why: str
    ) -> Prompt:
        user = _render(
            "replan",
            request=request,
            history=_told(history),
            done=_told(done),
            failed=failed.render(),
            why=why,
        )
        first = max(_next_id((*history, *done)), failed.id + 1)
        return _prompt(_render("planner", first=first), user, PLAN, 2048)

    def read_plan(self, text: str, request: str, history: Sequence[Done]) -> Planned:
        answer = _read_json(text)
        kind = answer.get("kind")
        if kind == "beyond":
            return Planned(beyond=True)
        said = answer.get("say")
        if kind == "say":
            if not isinstance(said, str) or not said.strip():
                raise PlanError("there are no words in the answer")
            return Planned(say=said.strip())
        steps = answer.get("steps")
        if not isinstance(steps, list) or not steps:
            raise PlanError("the plan has no steps")
        try:
            return Planned(plan=Plan(steps=tuple(_step(one) for one in steps)))
        except ValidationError as error:
            detail = error.errors()[0]
            where = ".".join(str(part) for part in detail["loc"])
            raise PlanError(f"{where}: {detail['msg']}") from None

    def fill(
        self, step: Step, values: Sequence[JsonValue], signature: Signature, notes: Sequence[str]
    ) -> Prompt | None:
        """None where one value meets one parameter. Else inputs are named ``$1``, ``$2`` ..., so
        that the model need not copy what is long."""
        if len(values) == 1 and len(signature.parameters) == 1:
            return None
        user = _render(
            "fill",
            goal=_goal(step),
            values=[_preview(value) for value in values],
            signature=signature,
            notes=list(notes),
        )
        structure = Structure(json_schema=_with_input_names(signature, len(values)))
        return _prompt(_render("filler"), user, structure, 1024)

    def read_fill(
        self, text: str | None, step: Step, values: Sequence[JsonValue], signature: Signature
    ) -> Filled:
        if text is None:
            return Filled(arguments={signature.parameters[0].name: values[0]})
        return Filled(arguments={n: _whole(v, values) for n, v in _read_json(text).items()})

    def faults(self, text: str, request: str) -> float:
        return 0.0

    def do(
        self, step: Step, values: Sequence[JsonValue], skill: Skill | None, notes: Sequence[str]
    ) -> Prompt:
        guide = skill if skill is not None and skill.kind == "guide" else None
        system = _render("doer", guide=guide, notes=list(notes), expects=step.expects)
        user = _render("do", goal=_goal(step), values=[_text(value) for value in values])
        return _prompt(system, user, None, 2048)

    def answer(self, request: str, results: Sequence[Done]) -> Prompt | None:
        """None when the only result is text: the model's words would add nothing to it."""
        if len(results) == 1 and isinstance(results[0].value, str):
            return None
        user = _render("answer", request=request, results=_told(results))
        return _prompt(_render("answerer"), user, None, 1024)

    def judge(self, step: Step, values: Sequence[JsonValue], value: JsonValue) -> Prompt:
        """Ask whether a value does what the step wanted."""
        shown = [_preview(one) for one in values]
        user = _render("judge", goal=_goal(step), values=shown, value=_preview(value))
        return _prompt(_render("judging"), user, JUDGEMENT, 256)

    def read_judgement(self, text: str) -> Judgement:
        """Words that are no judgement refuse nothing and say so."""
        try:
            return Judgement.model_validate(_read_json(text))
        except (PlanError, ValidationError):
            return Judgement(ok=True, why="the model gave no clear opinion")


@cache
def _environment() -> Environment:
    loader = PackageLoader("skillweave.agent.profiles", "templates")
    return Environment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        autoescape=False,  # prompts are no HTML
    )


def _render(name: str, **facts: object) -> str:
    return _environment().get_template(f"{name}.j2").render(**facts).strip()


def _prompt(system: str, user: str, structure: Structure | None, max_tokens: int) -> Prompt:
    messages = (Message(role="system", content=system), Message(role="user", content=user))
    return Prompt(messages=messages, structure=structure, max_tokens=max_tokens)


def _next_id(history: Sequence[Done]) -> int:
    return max((done.step.id for done in history), default=0) + 1


def _told(done: Sequence[Done]) -> list[dict[str, JsonValue]]:
    return [
        {"id": one.step.id, "goal": one.step.render(), "value": _preview(one.value)} for one in done
    ]


def _goal(step: Step) -> str:
    """The goal with ``$1``, ``$2`` ... for its inputs."""
    pieces = step.goal.split("{}")
    names = [f"${number}" for number in range(1, len(pieces))]
    return "".join(a + b for a, b in zip(pieces, [*names, ""], strict=True))


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _preview(value: JsonValue) -> str:
    text = _text(value)
    left = len(text) - PREVIEW
    return text if left <= 0 else f"{text[:PREVIEW]}… ({left} characters more)"


def _read_json(text: str) -> dict[str, JsonValue]:
    fenced = _FENCE.search(text)
    body = fenced.group(1) if fenced else text[text.find("{") : text.rfind("}") + 1]
    try:
        value = json.loads(body)
    except ValueError as error:
        raise PlanError(f"the answer is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise PlanError("the answer is not a JSON object")
    return value


def _step(given: JsonValue) -> Step:
    """A step as the model wrote it; slots it forgot are added at the end of the goal."""
    if not isinstance(given, dict):
        raise PlanError("a step is not an object")
    number, goal, inputs = given.get("id"), given.get("goal"), given.get("inputs", [])
    if not isinstance(number, int) or not isinstance(goal, str) or not isinstance(inputs, list):
        raise PlanError("a step lacks its id, goal or inputs")
    missing = len(inputs) - goal.count("{}")
    goal = f"{goal.strip()} {' '.join(['{}'] * missing)}".strip() if missing > 0 else goal
    expects = given.get("expects", "")
    return Step(
        id=number,
        goal=goal,
        inputs=tuple(_input(one) for one in inputs),
        expects=expects if isinstance(expects, str) and expects in TYPES else "",
    )


def _input(given: JsonValue) -> Literal | Ref:
    match given:
        case {"step": int(number)}:
            return Ref(step=number)
        case {"literal": value}:
            return Literal(text=_text(value))
        case str() | int() | float():
            return Literal(text=_text(given))
    raise PlanError("an input is neither a literal nor a step")


def _with_input_names(signature: Signature, count: int) -> dict[str, JsonValue]:
    """The signature's schema, where every argument may also be the name of an input."""
    schema = signature.json_schema()
    names: list[JsonValue] = [f"${number}" for number in range(1, count + 1)]
    properties = schema["properties"]
    if names and isinstance(properties, dict):
        named: JsonValue = {"type": "string", "enum": names}
        schema["properties"] = {n: {"anyOf": [named, p]} for n, p in properties.items()}
    return schema


def _whole(value: JsonValue, values: Sequence[JsonValue]) -> JsonValue:
    """The input that ``$1`` names, also inside lists and objects."""
    if isinstance(value, str):
        match = _INPUT_TOKEN.fullmatch(value.strip())
        number = int(match.group(1)) if match else 0
        return values[number - 1] if 1 <= number <= len(values) else value
    if isinstance(value, list):
        return [_whole(item, values) for item in value]
    if isinstance(value, Mapping):
        return {name: _whole(item, values) for name, item in value.items()}
    return value

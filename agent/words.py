"""Values and verdicts in words, without a model."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import JsonValue

from skillweave.agent.coerce import plain_number
from skillweave.agent.plan import Step
from skillweave.agent.result import Method, StepReport

WIDTH = 60
HOW: dict[Method, str] = {
    "cases": "the tool's own cases hold",
    "types": "type only",
    "recomputation": "recomputed by another skill",
    "model": "only judged by the model",
    "none": "not checked",
}


def in_words(leaves: Sequence[StepReport]) -> str:
    """The answer: one value as it is, several with the goal each belongs to, one a line."""
    if len(leaves) == 1:
        return value_in_words(leaves[0].value)
    return "\n".join(f"{one.goal}: {value_in_words(one.value)}" for one in leaves)


def value_in_words(value: JsonValue) -> str:
    """A value for a person: text as it is, ``12`` for 12.0, lists with commas, rows on lines."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return plain_number(value)
        case str():
            return value
        case []:
            return "none"
        case list() if all(_is_plain(item) for item in value):
            return ", ".join(value_in_words(item) for item in value)
        case list():
            return "\n".join(_row(item) for item in value)
        case dict() if value and all(_is_plain(item) for item in value.values()):
            return ", ".join(f"{name}: {value_in_words(item)}" for name, item in value.items())
        case _:
            return json.dumps(value, ensure_ascii=False, indent=2)


def goal_in_words(step: Step, values: Sequence[JsonValue]) -> str:
    """The goal with its values, long ones cut."""
    pieces = step.goal.split("{}")
    shown = [_short(value_in_words(value)) for value in values]
    return "".join(a + b for a, b in zip(pieces, [*shown, ""], strict=True))


def checked_in_words(reports: Sequence[StepReport]) -> str:
    """What was verified and how, in one line: the weakest check of every step counts."""
    methods: dict[Method, list[str]] = {}
    for report in reports:
        attempt = report.attempts[-1] if report.attempts else None
        if attempt is not None:
            method = attempt.verdict.method if attempt.verdict else "none"
            methods.setdefault(method, []).append(attempt.skill.partition("@")[0])
    parts = [f"{HOW[m]} ({', '.join(dict.fromkeys(names))})" for m, names in methods.items()]
    label = "Not verified" if set(methods) <= {"none"} else "Verified"
    return f"{label}: {'; '.join(parts)}."


def _is_plain(value: JsonValue) -> bool:
    return value is None or isinstance(value, str | int | float)


def _row(value: JsonValue) -> str:
    if isinstance(value, list) and all(_is_plain(item) for item in value):
        return ", ".join(value_in_words(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{n}: {value_in_words(v)}" for n, v in value.items())
    return value_in_words(value)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"

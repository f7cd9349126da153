"""Insights by a model: it reads successes and failures of similar tasks, and votes on the list (ExpeL)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from pydantic import JsonValue

from skillweave.agent.growth.distil_ballot import Insight, Operation, id_of
from skillweave.agent.growth.neighbours import words_of
from skillweave.agent.profiles.base import Message, Prompt, Structure
from skillweave.agent.result import Result

GROUP = 6
"""Runs of a group that a model reads."""
ALIKE = 0.5
"""Share of telling words that two requests have in common to be similar."""
START = 2
"""Votes of an insight that a model adds (ExpeL)."""
MOST = 4
"""Operations on one group."""
_TEXT = 400

SYSTEM = """\
You keep a short list of insights that help an agent to do tasks with its skills. You are shown similar \
tasks that went well and that went wrong, and the list. Say what changes:
- add: a new insight: general, true of more than these tasks, and useful to someone who does the next one
- edit N: the words of insight N should be these
- agree N: what you see supports it
- remove N: what you see contradicts it, or it says the same as another one
Failures count as much as successes: say when something must not be done. No more than 4 operations; \
none is an answer. Answer with JSON: {"operations": [{"op": "add", "number": 0, "text": "...", \
"use_when": "...", "avoid_when": "..."}]}."""

_STRUCTURE = Structure(
    json_schema={
        "type": "object",
        "properties": {
            "operations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "op": {"type": "string", "enum": ["add", "edit", "agree", "remove"]},
                        "number": {"type": "integer"},
                        "text": {"type": "string"},
                        "use_when": {"type": "string"},
                        "avoid_when": {"type": "string"},
                    },
                    "required": ["op", "number", "text", "use_when", "avoid_when"],
                    "additionalProperties": False,
                },
            }
        },
        "required": ["operations"],
        "additionalProperties": False,
    }
)


def groups(results: Iterable[Result]) -> list[list[Result]]:
    """Similar tasks together, in their order; only groups of two runs or more."""
    made: list[tuple[frozenset[str], list[Result]]] = []
    for result in results:
        if not result.steps:
            continue
        words = words_of([result.task])
        near = max(made, key=lambda one: _alike(words, one[0]), default=None)
        if near is not None and _alike(words, near[0]) >= ALIKE:
            near[1].append(result)
        else:
            made.append((words, [result]))
    return [own for _, own in made if len(own) > 1]


def question(group: Sequence[Result], insights: Sequence[Insight]) -> Prompt:
    """Ask what a group teaches: its latest failures and successes."""
    went = [r for r in group if r.outcome == "solved"][-GROUP // 2 :]
    failed = [r for r in group if r.outcome in ("failed", "declined")][-GROUP // 2 :]
    lines = []
    for told, part in (("Went well", went), ("Went wrong", failed)):
        lines += [f"{told}:", *(_told(one) for one in part), ""] if part else []
    lines.append("Insights:" if insights else "There are no insights yet.")
    lines += [f"{n}. {one.text} ({one.votes} votes)" for n, one in enumerate(insights, 1)]
    messages = (
        Message(role="system", content=SYSTEM),
        Message(role="user", content="\n".join(lines)),
    )
    return Prompt(messages=messages, structure=_STRUCTURE, max_tokens=1024)


def read(text: str, insights: Sequence[Insight], runs: Sequence[str]) -> list[Operation]:
    """The operations in an answer; what is no operation is left out."""
    try:
        value: JsonValue = json.loads(text[text.find("{") : text.rfind("}") + 1])
    except ValueError:
        return []
    rows = value.get("operations") if isinstance(value, dict) else None
    found = []
    for row in rows[:MOST] if isinstance(rows, list) else ():
        operation = _operation(row, insights, tuple(runs)) if isinstance(row, dict) else None
        if operation is not None:
            found.append(operation)
    return found


def _operation(
    row: dict[str, JsonValue], insights: Sequence[Insight], runs: tuple[str, ...]
) -> Operation | None:
    text, number = _words(row.get("text")), row.get("number")
    told = Insight(
        id=id_of("model", text.casefold()),
        text=text,
        use_when=_words(row.get("use_when")),
        avoid_when=_words(row.get("avoid_when")),
        votes=START,
        runs=runs,
    )
    known = (
        insights[number - 1] if isinstance(number, int) and 0 < number <= len(insights) else None
    )
    match row.get("op"):
        case "add" if text:
            return Operation(op="add", id=told.id, insight=told)
        case "edit" if known is not None and text:
            return Operation(op="edit", id=known.id, insight=told)
        case "agree" if known is not None:
            return Operation(op="agree", id=known.id)
        case "remove" if known is not None:
            return Operation(op="remove", id=known.id)
    return None


def _told(result: Result) -> str:
    lines = [f"Task: {result.task[:_TEXT]}"]
    for step in result.steps:
        for attempt in step.attempts:
            wrong = attempt.error or (
                attempt.verdict.detail if attempt.verdict and not attempt.verdict.ok else ""
            )
            said = wrong or json.dumps(attempt.value, ensure_ascii=False)
            lines.append(f"- {step.goal}: {attempt.skill.partition('@')[0]} -> {said[:_TEXT]}")
        if not step.attempts:
            lines.append(f"- {step.goal}: no skill fits")
    return "\n".join(lines)


def _words(value: JsonValue) -> str:
    return " ".join(value.split())[:_TEXT] if isinstance(value, str) else ""


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    both = one | other
    return len(one & other) / len(both) if both else 0.0

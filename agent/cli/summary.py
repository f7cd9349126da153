"""What a result means in words: plain text, no terminal."""

from __future__ import annotations

import json

from pydantic import JsonValue

from skillweave.agent.plan import Plan, Step
from skillweave.agent.result import Attempt, Result, StepReport, Verdict
from skillweave.agent.words import HOW, checked_in_words
from skillweave.skills.model import Frozen


def short_name(versioned: str) -> str:
    """``word-count`` of ``word-count@1f2e3d``."""
    return versioned.partition("@")[0]


def one_line(value: JsonValue, width: int = 60) -> str:
    """A value on one line, cut at ``width`` characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def duration(seconds: float) -> str:
    """``12 ms`` or ``3.4 s``."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def last_attempt(step: StepReport) -> Attempt | None:
    """The attempt that decided the step."""
    return step.attempts[-1] if step.attempts else None


def step_seconds(step: StepReport) -> float:
    """Time spent on all attempts at the step."""
    return sum(attempt.seconds for attempt in step.attempts)


def verdict_text(verdict: Verdict | None) -> str:
    """``declared cases: 3 of 3 hold``."""
    if verdict is None:
        return HOW["none"]
    mark = "" if verdict.ok else "refused, "
    detail = f" ({verdict.detail})" if verdict.detail else ""
    return f"{mark}{HOW[verdict.method]}{detail}"


class Told(Frozen):
    """An answer in two parts: what the user asked for, and how it was checked."""

    answer: str
    checked: str = ""


def told(result: Result) -> Told:
    """Part the answer from its last line, which says what was verified and how."""
    if result.outcome != "solved":
        return Told(answer=result.answer)
    checked = checked_in_words(result.steps)
    answer = result.answer.removesuffix(checked).rstrip() or result.answer
    return Told(answer=answer, checked=checked[:1].lower() + checked[1:])


def skills_used(result: Result) -> str:
    """``split-words -> count-items``: skills in the order of their steps."""
    names: list[str] = []
    for step in sorted(result.steps, key=lambda s: s.id):
        attempt = last_attempt(step)
        if attempt is not None and step.ok:
            names.append(short_name(attempt.skill))
    return " -> ".join(names or [short_name(name) for name in result.skills])


def levels(plan: Plan) -> list[tuple[Step, ...]]:
    """The plan's steps in the rounds in which they may run at the same time."""
    done: frozenset[int] = frozenset()
    rounds: list[tuple[Step, ...]] = []
    while ready := plan.ready(done):
        rounds.append(ready)
        done |= {step.id for step in ready}
    return rounds

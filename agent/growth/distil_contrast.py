"""Insights without a model: success against failure at the same goal, counted.

It finds three kinds of regularity and no others: a skill that fails where another one succeeds, a skill
that fails at a goal which nothing does, and a property of an argument under which a skill fails. It
cannot say why, and it takes two goals for the same only when their words are the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from pydantic import JsonValue

from skillweave.agent.growth.distil_ballot import Ballot, Insight, Operation, id_of
from skillweave.agent.nodes.learn import CHECKED
from skillweave.agent.result import Attempt, Result
from skillweave.agent.state import MODEL
from skillweave.skills.model import Frozen

LEAST = 2
"""Failures, and successes, from which a property of an argument counts."""
LONG = 80


class Try(Frozen):
    """One skill at one step of one run."""

    run: str
    goal: str
    """The step's words without its values."""
    skill: str
    ok: bool
    error: str = ""
    arguments: Mapping[str, JsonValue]


def tries_of(result: Result) -> Iterator[Try]:
    """The attempts of a run that tell something: refused or failed, or verified by more than types."""
    goals = {step.id: goal_of(step.goal) for step in result.plan.steps} if result.plan else {}
    for report in result.steps:
        for attempt in report.attempts:
            clear = not attempt.ok or _verified(attempt)
            if attempt.skill != MODEL and report.id in goals and clear:
                yield Try(
                    run=result.run,
                    goal=goals[report.id],
                    skill=attempt.skill.partition("@")[0],
                    ok=attempt.ok,
                    error=_reason(attempt),
                    arguments=attempt.arguments,
                )


def goal_of(words: str) -> str:
    """The words of a step without its slots.

    >>> goal_of("Count the vowels of {}")
    'count the vowels of'
    """
    return " ".join(words.replace("{}", " ").casefold().split())


class Found(Frozen):
    """A regularity, and the runs that speak for it and against it."""

    insight: Insight
    speaks_for: tuple[str, ...]
    against: tuple[str, ...] = ()


def contrast(tries: Sequence[Try]) -> list[Found]:
    """All regularities in these attempts, by id."""
    by_goal: dict[str, list[Try]] = defaultdict(list)
    by_skill: dict[str, list[Try]] = defaultdict(list)
    for one in tries:
        by_goal[one.goal].append(one)
        by_skill[one.skill].append(one)
    of_goals = chain.from_iterable(_of_goal(goal, own) for goal, own in by_goal.items())
    of_skills = chain.from_iterable(_of_skill(skill, own) for skill, own in by_skill.items())
    return sorted((*of_goals, *of_skills), key=lambda found: found.insight.id)


def operations(found: Iterable[Found], ballot: Ballot) -> list[Operation]:
    """What these regularities change: new ones are added, new runs vote, for or against."""
    made: list[Operation] = []
    for one in found:
        known = ballot.get(one.insight.id)
        if known is None:
            votes = len(one.speaks_for) - len(one.against)
            runs = (*one.speaks_for, *one.against)
            new = one.insight.model_copy(update={"votes": votes, "runs": runs})
            if votes > 0:
                made.append(Operation(op="add", id=new.id, insight=new))
            continue
        fresh = tuple(run for run in one.speaks_for if run not in known.runs)
        other = tuple(run for run in one.against if run not in known.runs)
        if fresh and one.insight.text != known.text:
            made.append(Operation(op="edit", id=known.id, insight=one.insight, runs=fresh))
        elif fresh:
            made.append(Operation(op="agree", id=known.id, runs=fresh))
        if other:
            made.append(Operation(op="remove", id=known.id, runs=other))
    return made


def _of_goal(goal: str, tries: Sequence[Try]) -> Iterator[Found]:
    """Skills that fail at a goal, against one that does it."""
    good, bad = _runs(tries, ok=True), _runs(tries, ok=False)
    best = max(
        good, key=lambda skill: (len(good[skill]) - len(bad.get(skill, ())), skill), default=""
    )
    for skill, failed in bad.items():
        against = tuple(good.get(skill, ()))
        if skill == best:
            continue
        reason = next(t.error for t in tries if t.skill == skill and not t.ok)
        text = f"“{goal}” is not for {skill}: {reason}."
        if best:
            text += f" {best} does it."
        else:
            text += " No skill that was tried does it."
        insight = Insight(
            id=id_of("goal", goal, skill),
            text=text,
            use_when=f"a step is to {goal}",
            avoid_when="",
            goal=goal,
            prefer=best,
            avoid=skill,
        )
        yield Found(insight=insight, speaks_for=tuple(failed), against=against)


def _of_skill(skill: str, tries: Sequence[Try]) -> Iterator[Found]:
    """Properties of arguments under which a skill always fails, and without which it never does."""
    good = [one for one in tries if one.ok]
    bad = [one for one in tries if not one.ok]
    traits: dict[str, list[Try]] = defaultdict(list)
    for one in bad:
        for trait in traits_of(one.arguments):
            traits[trait].append(one)
    without = [traits_of(one.arguments) for one in good]
    for trait, failed in traits.items():
        if len(failed) < LEAST or len(good) < LEAST or any(trait in held for held in without):
            continue
        insight = Insight(
            id=id_of("trait", skill, trait),
            text=f"{skill} fails when {trait}: {failed[0].error}.",
            use_when=f"{skill} is to be called",
            avoid_when=f"not when {trait}",
        )
        yield Found(insight=insight, speaks_for=tuple(dict.fromkeys(t.run for t in failed)))


def traits_of(arguments: Mapping[str, JsonValue]) -> set[str]:
    """Properties of values in words.

    >>> sorted(traits_of({"n": -2, "text": ""}))
    ['n is negative', 'text is empty']
    """
    found: set[str] = set()
    for name, value in arguments.items():
        match value:
            case bool() | None:
                found.add(f"{name} is {value}")
            case int() | float():
                told = "zero" if value == 0 else "negative" if value < 0 else ""
                found |= {f"{name} is {told}"} if told else set()
                if isinstance(value, float) and not value.is_integer():
                    found.add(f"{name} has decimals")
            case str():
                found |= _of_text(name, value)
            case list() | dict():
                found |= {f"{name} is empty"} if not value else set()
    return found


def _of_text(name: str, text: str) -> set[str]:
    if not text.strip():
        return {f"{name} is empty"}
    tests = {
        "has digits": any(c.isdigit() for c in text),
        "has no digits": not any(c.isdigit() for c in text),
        "has letters beyond ASCII": not text.isascii(),
        f"is longer than {LONG} characters": len(text) > LONG,
        "has several lines": "\n" in text.strip(),
        "is one word": len(text.split()) == 1,
    }
    return {f"{name} {told}" for told, holds in tests.items() if holds}


def _runs(tries: Iterable[Try], *, ok: bool) -> dict[str, list[str]]:
    """The runs of each skill that ended so, each once."""
    found: dict[str, list[str]] = {}
    for one in tries:
        if one.ok == ok and one.run not in found.setdefault(one.skill, []):
            found[one.skill].append(one.run)
    return {skill: runs for skill, runs in found.items() if runs}


def _verified(attempt: Attempt) -> bool:
    verdict = attempt.verdict
    return verdict is not None and verdict.ok and verdict.method in (*CHECKED, "model")


def _reason(attempt: Attempt) -> str:
    if attempt.ok:
        return ""
    told = attempt.error or (attempt.verdict.detail if attempt.verdict else "")
    return " ".join(told.split())[:160].rstrip(".") or "it failed"

"""Tools that somebody drops in, of subjects that nano never read of: are they called, and rightly?

Two suites: ``calls`` has requests for one call and requests for none, ``several`` those for more.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue, TypeAdapter

from skillweave.agent.result import Result
from skillweave.evals.calls import (
    BEYOND,
    HELD_OUT,
    SEVERAL,
    Meant,
    Several,
    astray,
    beyond,
    dropped,
    is_same,
    several,
)
from skillweave.evals.sources import hashed
from skillweave.evals.suite import (
    LIBRARY,
    NONE,
    ORACLE,
    RANDOM,
    WRONG,
    Arm,
    Loaded,
    Sample,
    Score,
    Suite,
)
from skillweave.evals.suites.workbench import missed
from skillweave.skills.drop import WrappedSkill

ARMS: tuple[Arm, ...] = (
    NONE,
    LIBRARY.model_copy(update={"about": "the dropped tools beside the built-in ones"}),
    RANDOM,
    WRONG.model_copy(update={"about": "the right tool is withheld"}),
    ORACLE.model_copy(update={"about": "only the tool that is meant"}),
)


def load(_: Path | None) -> Loaded:
    """The held-out tools, the requests for them, and those beyond them; they come with the package."""
    tools = dropped(HELD_OUT)
    skills = [one.wrapped() for one in tools]
    samples = [
        Sample(
            id=f"{name}-{number}",
            request=asked.request,
            family=f"{len(asked.arguments)} arguments",
            expected=expected_of([Meant(tool=name, arguments=asked.arguments)]),
            right=(name,),
        )
        for name, one in zip((tool.skill.name for tool in skills), tools, strict=True)
        for number, asked in enumerate(one.requests, start=1)
    ]
    samples += [
        Sample(id=f"beyond-{number:02}", request=request, family="beyond", expected=[], right=())
        for number, request in enumerate(beyond(), start=1)
    ]
    return _loaded(samples, skills, BEYOND)


def load_several(_: Path | None) -> Loaded:
    """The same tools, and requests for several calls of them, or for one that might be taken for several."""
    skills = [one.wrapped() for one in dropped(HELD_OUT)]
    samples = [
        Sample(
            id=f"several-{number:03}",
            request=told.request,
            family=_sort(told),
            expected=expected_of(told.calls),
            right=tuple(sorted(told.tools)),
        )
        for number, told in enumerate(several(SEVERAL), start=1)
    ]
    return _loaded(samples, skills, SEVERAL)


def _loaded(samples: Sequence[Sample], skills: Sequence[WrappedSkill], asked: Path) -> Loaded:
    files = hashed({file.name: file for file in (HELD_OUT, asked)}, {})
    return Loaded(samples=tuple(samples), files=files, skills=skills, beside=True)


def _sort(told: Several) -> str:
    if len(told.calls) == 1:
        return "one call, many values"
    return "one tool again" if len(told.tools) == 1 else "several tools"


def expected_of(calls: Sequence[Meant]) -> JsonValue:
    """The calls of a request as a sample holds them."""
    return [one.model_dump(mode="json") for one in calls]


def score(sample: Sample, result: Result) -> Score:
    """1 for the calls that are meant, in whatever order, with their arguments; of what is beyond all tools,
    for none."""
    made = [
        Meant(tool=attempt.skill.partition("@")[0], arguments=dict(attempt.arguments or {}))
        for step in result.steps
        if step.ok
        for attempt in step.attempts[-1:]
    ]
    meant = TypeAdapter(list[Meant]).validate_python(sample.expected)
    if sorted(one.tool for one in made) != sorted(one.tool for one in meant):
        names = ", ".join(one.tool for one in made)
        return Score(value=0.0, note=f"called {names}" if made else missed(sample, result))
    wrong = astray(made, meant, _is_same)
    if wrong is None:
        return Score(value=1.0)
    wanted = [dict(other.arguments) for other in meant if other.tool == wrong.tool]
    note = f"{wrong.tool} called with {dict(wrong.arguments)}, not {wanted}"
    return Score(value=0.0, note=note)


def _is_same(one: Meant, other: Meant) -> bool:
    return one.tool == other.tool and is_same(one.arguments, other.arguments)


CALLS = Suite(
    name="calls",
    about="tools of foreign subjects, dropped in: called when they are meant, with the right arguments?",
    arms=ARMS,
    load=load,
    score=score,
)

SEVERAL_CALLS = Suite(
    name="several",
    about="several calls of such tools in one request, of one tool again or of several: all of them made?",
    arms=ARMS,
    load=load_several,
    score=score,
)

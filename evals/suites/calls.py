"""Tools that somebody drops in, of subjects that nano never read of: are they called, and rightly?"""

from __future__ import annotations

from pathlib import Path

from pydantic import JsonValue

from skillweave.agent.result import Result
from skillweave.evals.calls import BEYOND, HELD_OUT, beyond, dropped, is_same
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

ARMS: tuple[Arm, ...] = (
    NONE,
    LIBRARY.model_copy(update={"about": "the dropped tools beside the built-in ones"}),
    RANDOM,
    WRONG.model_copy(update={"about": "the right tool is withheld"}),
    ORACLE.model_copy(update={"about": "only the tool that is meant"}),
)


def load(_: Path | None) -> Loaded:
    """The held-out tools, the requests for them, and those beyond them; they come with the package."""
    samples, skills = [], []
    for one in dropped(HELD_OUT):
        tool = one.wrapped()
        skills.append(tool)
        for number, asked in enumerate(one.requests, start=1):
            expected: dict[str, JsonValue] = {
                "tool": tool.skill.name,
                "arguments": dict(asked.arguments),
            }
            samples.append(
                Sample(
                    id=f"{tool.skill.name}-{number}",
                    request=asked.request,
                    family=f"{len(asked.arguments)} arguments",
                    expected=expected,
                    right=(tool.skill.name,),
                )
            )
    samples += [
        Sample(id=f"beyond-{number:02}", request=request, family="beyond", right=())
        for number, request in enumerate(beyond(), start=1)
    ]
    files = hashed({file.name: file for file in (HELD_OUT, BEYOND)}, {})
    return Loaded(samples=tuple(samples), files=files, skills=skills, beside=True)


def score(sample: Sample, result: Result) -> Score:
    """1 for the one call that is meant, with its arguments; of what is beyond all tools, for none."""
    made = [
        (attempt.skill.partition("@")[0], dict(attempt.arguments or {}))
        for step in result.steps
        if step.ok
        for attempt in step.attempts[-1:]
    ]
    if not isinstance(sample.expected, dict):
        return Score(value=float(not made), note=f"called {made[0][0]}" if made else "")
    wanted = sample.expected["arguments"]
    if [name for name, _ in made] != [sample.expected["tool"]]:
        note = f"called {', '.join(name for name, _ in made)}" if made else missed(sample, result)
        return Score(value=0.0, note=note)
    right = isinstance(wanted, dict) and is_same(made[0][1], wanted)
    return Score(
        value=float(right), note="" if right else f"called with {made[0][1]}, not {wanted}"
    )


CALLS = Suite(
    name="calls",
    about="tools of foreign subjects, dropped in: called when they are meant, with the right arguments?",
    arms=ARMS,
    load=load,
    score=score,
)

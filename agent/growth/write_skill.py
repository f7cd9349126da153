"""From a task, or a run that failed, to a written tool at the gate."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path

from skillweave.agent.deps import IN_USE, Deps, tool_source
from skillweave.agent.growth.admission import Admission
from skillweave.agent.growth.benefit import by_position
from skillweave.agent.growth.verdict import Task, Verdict
from skillweave.agent.growth.write import (
    AUTHOR,
    NotWrittenError,
    OnPhase,
    Problem,
    Written,
    write,
)
from skillweave.agent.growth.write_code import Draft, normal_form
from skillweave.agent.result import Result
from skillweave.skills.cases import same_value
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import UserError
from skillweave.skills.folder import PREFIX, TOOL_FILE
from skillweave.skills.model import Case, Frozen, Skill
from skillweave.skills.names import slug
from skillweave.store.library import Library

KEPT_SHARE = 3
"""Every third example is kept back for the gate."""
LEAST = 3
NEAR = 8
"""Tools that are looked at for one that does the same."""


class Outcome(Frozen):
    """What became of a written tool."""

    skill: str
    written: Written
    verdict: Verdict


async def write_skill(
    deps: Deps,
    request: str,
    *,
    name: str = "",
    examples: Sequence[Case] = (),
    failed: Result | None = None,
    even_nano: bool = False,
    rounds: int = 4,
    on_phase: OnPhase | None = None,
) -> Outcome:
    """Write a tool and put it to the gate; nothing is admitted that it refuses.

    Raises:
        NotWrittenError: no draft held, or a tool of the library does it already.
        UserError: the model in use cannot write code, or the name is taken.
        ModelError: the model failed.
    """
    if deps.model.profile_name == "nano" and not even_nano:
        raise UserError(
            f"{deps.model.name} cannot write code; name a larger model, for example"
            " --model Qwen/Qwen3-8B or --model openai:NAME"
        )
    if not request.strip():
        raise UserError("say what the tool is wanted for")
    if examples and len(examples) < LEAST:
        raise UserError(f"give at least {LEAST} examples, or none; one in three is kept back")
    known = await asyncio.to_thread(deps.library.list)
    if name and any(skill.name == name for skill in known):
        raise UserError(f"there is another skill named {name}")
    shown, kept = _split(examples)
    twin = await asyncio.to_thread(_does_it_already, deps, request, examples)
    if twin:
        raise NotWrittenError(f"{twin} gives all the examples already")
    problem = Problem(request=request, shown=shown, attempts=attempts_of(failed) if failed else ())
    written = await write(problem, deps.ask, deps.sandbox, rounds=rounds, on_phase=on_phase)
    same = await asyncio.to_thread(_same_code, deps.library, written.draft)
    if same:
        raise NotWrittenError(f"{same} has the same code")
    wrapped = as_skill(written, request, name, {skill.name for skill in known})
    tasks = tasks_of(request, kept or written.checked)
    deps.trace.write("written", skill=wrapped.skill.name, source=written.draft.source)
    gate = Admission(deps.library, deps.sandbox)
    verdict = await asyncio.to_thread(gate.offer, wrapped, AUTHOR, tasks)
    if verdict.decision == "merge" and verdict.twin:
        # The other one does the same, and did not know that it is asked for like this.
        await asyncio.to_thread(deps.library.remember, {verdict.twin: [request]})
    return Outcome(skill=wrapped.skill.name, written=written, verdict=verdict)


def attempts_of(result: Result) -> tuple[str, ...]:
    """What a run tried that did not hold, in words."""
    told = [
        f"{step.goal} with {attempt.skill.partition('@')[0]}: "
        + (attempt.error or (attempt.verdict.detail if attempt.verdict else "wrong"))
        for step in result.steps
        for attempt in step.attempts
        if not attempt.ok
    ]
    missing = [f"{step.goal}: no skill fits" for step in result.steps if not step.attempts]
    return (*told, *missing) or ((result.answer,) if result.answer else ())


def as_skill(written: Written, request: str, name: str, taken: set[str]) -> WrappedSkill:
    """The skill of a written tool, under a name that is free."""
    draft = written.draft
    name = name or slug(draft.signature.function) or "written"
    if name in taken:
        sign = hashlib.sha256(draft.source.encode()).hexdigest()[:6]
        name = f"{name[:57].rstrip('-')}-{sign}"
    skill = Skill(
        name=name,
        description=" ".join(draft.description.split())[:1000],
        kind="tool",
        body="Written by a model, and checked by the gate.\n",
        license="Apache-2.0",
        metadata={
            f"{PREFIX}function": draft.signature.function,
            f"{PREFIX}author": AUTHOR,
        },
        requests=(" ".join(request.split()),),
        signature=draft.signature,
        cases=written.cases,
    )
    return WrappedSkill(skill=skill, files={TOOL_FILE: draft.source.encode()}, source=Path(name))


def tasks_of(request: str, cases: Sequence[Case]) -> tuple[Task, ...]:
    """Cases as held-out requests."""
    return tuple(
        Task(request=request, arguments=dict(case.arguments), expected=case.expected)
        for case in cases
        if case.raises is None
    )


def _split(examples: Sequence[Case]) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    """Shown and kept back: every third."""
    shown = tuple(case for n, case in enumerate(examples) if n % KEPT_SHARE != KEPT_SHARE - 1)
    return shown, tuple(examples[KEPT_SHARE - 1 :: KEPT_SHARE])


def _does_it_already(deps: Deps, request: str, examples: Sequence[Case]) -> str:
    """A tool near the request that gives every example."""
    if not examples:
        return ""
    for hit in deps.library.search(request, kinds={"tool"}, k=NEAR):
        signature = hit.skill.signature
        if signature is None:
            continue
        source = tool_source(hit.skill)
        for case in examples:
            given = by_position(list(case.arguments.values()), signature)
            if given is None:
                break
            outcome = deps.sandbox.run(source, signature.function, given)
            if not outcome.ok or not same_value(case.expected, outcome.value):
                break
        else:
            return hit.skill.name
    return ""


def _same_code(library: Library, draft: Draft) -> str:
    """A tool in use whose code differs in names and words only."""
    form = normal_form(draft.source)
    for skill in library.list(kinds={"tool"}, states=IN_USE):
        if skill.signature is not None and normal_form(tool_source(skill)) == form:
            return skill.name
    return ""

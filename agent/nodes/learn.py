"""After a solved task: what was verified and is new becomes a composite tool, if the gate lets it in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from langgraph.runtime import Runtime

from skillweave.agent.deps import Deps, tell, tool_source
from skillweave.agent.growth.admission import Admission
from skillweave.agent.growth.compile import AUTHOR, Compiled, Tool, compile_part, parts
from skillweave.agent.growth.lifecycle import advance
from skillweave.agent.growth.reuse import CHAIN
from skillweave.agent.growth.wiring import NotCompiledError
from skillweave.agent.plan import Step
from skillweave.agent.result import SkillLearned, StepReport
from skillweave.agent.state import MODEL, State, reports_of
from skillweave.skills.cases import same_value
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.model import Skill

CHECKED = frozenset({"cases", "recomputation"})
"""Verdicts that are good enough to learn from."""


async def learn(state: State, runtime: Runtime[Deps]) -> State:
    """Compile every part of the plan that was verified; what was used and proved itself is promoted.

    What cannot be compiled, or was refused by the gate, is on the trace.
    """
    deps, plan = runtime.context, state.get("plan")
    learned: list[str] = []
    for part in parts(plan) if plan is not None and deps.settings.learn else ():
        try:
            compiled = await compiled_of(state, part, deps)
            skill = await admit(compiled, deps)
        except NotCompiledError as error:
            deps.trace.write("not_learned", reason=str(error))
            continue
        learned.append(skill.versioned_name)
        detail = f"{skill.description} ({len(part)} steps in one)"
        tell(runtime, SkillLearned(skill=skill.versioned_name, detail=detail))
    await asyncio.to_thread(advance, deps.library, _used(state))
    return {"new_skills": tuple(learned)}


async def compiled_of(
    state: State, part: Sequence[Step], deps: Deps, name: str | None = None
) -> Compiled:
    """The composite of verified steps. Raises `NotCompiledError` with the reason there is none."""
    reports = reports_of(state)
    tools: dict[str, Tool] = {}
    for step in part:
        attempt = reports[step.id].attempts[-1]
        if not _verified(reports[step.id]):
            raise NotCompiledError(f"“{step.render()}” was not verified")
        if attempt.kind == "tool" and attempt.skill not in tools:
            skill = await deps.get(attempt.skill)
            tools[attempt.skill] = Tool(skill=skill, source=tool_source(skill))
    outside = {done.step.id: done.value for done in state.get("history", ())}
    return compile_part(part, reports, tools, outside, state["task"], name)


async def admit(compiled: Compiled, deps: Deps, *, wanted: bool = False) -> Skill:
    """Run the composite on its case, then put it to the gate; it joins the library on probation.

    Raises `NotCompiledError` when the library has it under another name, unless it is ``wanted``
    under this one (a person asked for it): then it takes the other's place.
    """
    # The ones the user has put away count too: what was archived is not learned again.
    known = await asyncio.to_thread(deps.library.list)
    twins = [s.name for s in known if s.metadata.get(CHAIN) == compiled.chain]
    if twins and not wanted:
        raise NotCompiledError(f"{twins[0]} does the same")
    await _try_out(compiled, deps)
    skill = compiled.skill
    if not wanted:
        skill = _with_free_name(skill, {s.name for s in known}, compiled.chain)
    elif any(s.name == skill.name and s.name not in twins for s in known):
        raise NotCompiledError(f"there is another skill named {skill.name}")
    wrapped = WrappedSkill(
        skill=skill, files={TOOL_FILE: compiled.source.encode()}, source=Path(skill.name)
    )
    gate = Admission(deps.library, deps.sandbox)
    author = skill.metadata.get("skillweave-author", AUTHOR)
    verdict = await asyncio.to_thread(gate.offer, wrapped, author, by_person=wanted)
    if verdict.decision != "probation":
        raise NotCompiledError(f"{skill.name}: {verdict.line()}")
    added = await deps.get(skill.name)
    for twin in twins:
        if twin != added.name:
            reason = f"saved as {added.name}"
            await asyncio.to_thread(deps.library.set_state, twin, "archived", reason)
    return added


async def _try_out(compiled: Compiled, deps: Deps) -> None:
    for case in compiled.skill.cases:
        outcome = await asyncio.to_thread(
            deps.sandbox.run, compiled.source, compiled.function, case.arguments
        )
        if not outcome.ok or not same_value(case.expected, outcome.value):
            got = outcome.value if outcome.ok else outcome.error
            raise NotCompiledError(f"the composite gives {got!r}, not {case.expected!r}")


def _used(state: State) -> set[str]:
    """The skills of this run; not the model."""
    attempts = (a for report in reports_of(state).values() for a in report.attempts)
    return {a.skill for a in attempts if a.skill != MODEL}


def _with_free_name(skill: Skill, taken: set[str], chain: str) -> Skill:
    if skill.name not in taken:
        return skill
    return skill.model_copy(update={"name": f"{skill.name[:57].rstrip('-')}-{chain[:6]}"})


def _verified(report: StepReport) -> bool:
    attempt = report.attempts[-1] if report.attempts else None
    verdict = attempt.verdict if attempt is not None else None
    return report.ok and verdict is not None and verdict.ok and verdict.method in CHECKED

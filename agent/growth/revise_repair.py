"""Repair of a tool whose success rate drops: an earlier version that did better, or a rewritten one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

from skillweave.agent.deps import Deps, tool_source
from skillweave.agent.growth.admission import Admission
from skillweave.agent.growth.desk import Desk
from skillweave.agent.growth.distil import runs_in
from skillweave.agent.growth.gate import Gate
from skillweave.agent.growth.revise_moves import AUTHOR, Record
from skillweave.agent.growth.verdict import Candidate, Verdict
from skillweave.agent.growth.write import AUTHOR as WRITE
from skillweave.agent.growth.write import NotWrittenError, Problem, write
from skillweave.agent.result import Result
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import UserError
from skillweave.skills.files import scan
from skillweave.skills.folder import PREFIX, TOOL_FILE
from skillweave.skills.model import Frozen, Skill
from skillweave.store.ledger import Event
from skillweave.store.library import Library
from skillweave.store.reading import Entry

RECENT = 6
"""Uses that are compared with those before."""
LEAST = 4
"""Of each, below which nothing is said."""
FALL = 0.3
"""Drop of the success rate that calls for a repair."""
TOLD = 6


class Drop(Frozen):
    """A tool that succeeds less often than it did."""

    skill: str
    before: float
    """Success rate of the uses before the recent ones; 1 when all were recent (it was let in by the gate)."""
    now: float
    uses: int


class Repair(Frozen):
    """What was done about it."""

    drop: Drop
    how: str
    """``version 1``, ``rewritten``, or empty where nothing helped."""
    verdict: Verdict | None = None
    why: str = ""


def dropped(library: Library) -> list[Drop]:
    """The tools of a person or of growth that need a repair, worst first."""
    found = [
        drop
        for entry in library.entries()
        if entry.skill.kind == "tool" and entry.origin != "builtin" and entry.state != "archived"
        for drop in _drop(entry, library.history(entry.skill.name))
    ]
    return sorted(found, key=lambda drop: drop.now - drop.before)


async def repair(deps: Deps, drop: Drop, *, with_model: bool = False) -> Repair:
    """An earlier version that did better; else, where a model can write, a rewritten one.

    Either passes the gate; written code waits for approval and the tool stays as it is until then.

    Raises:
        UserError: the library cannot be written.
        ModelError: the model failed.
    """
    found = await asyncio.to_thread(_earlier, deps, drop)
    if found.how or not with_model:
        return found
    results = await asyncio.to_thread(runs_in, deps.settings.state_dir)
    return await _rewritten(deps, drop, results)


def _drop(entry: Entry, events: Sequence[Event]) -> Iterator[Drop]:
    told = [event.kind == "succeeded" for event in events if event.kind in ("succeeded", "failed")]
    recent, earlier = told[-RECENT:], told[:-RECENT]
    if len(recent) < LEAST:
        return
    now = sum(recent) / len(recent)
    before = sum(earlier) / len(earlier) if len(earlier) >= LEAST else 1.0
    if before - now >= FALL:
        yield Drop(skill=entry.skill.name, before=before, now=now, uses=len(told))


def _earlier(deps: Deps, drop: Drop) -> Repair:
    """The latest earlier version with the best record, if its cases hold and the gate lets it in."""
    library = deps.library
    Record(library).recover()
    current = library.entry(drop.skill).skill.digest
    rates = {}
    for version in library.versions(drop.skill):
        if version.kept and version.digest != current:
            own = _rate(library.history(drop.skill), version.digest)
            if own is None or own - drop.now >= FALL:
                rates[version] = 0.5 if own is None else own
    why = "no earlier version did better"
    for version in sorted(rates, key=lambda one: (-rates[one], -one.number)):
        if not deps.checked.check(deps.sandbox, library.version(drop.skill, version.digest)).ok:
            why = f"the cases of version {version.number} do not hold"
            continue
        # It was admitted once, and nobody need approve it again: the gate must still find it sound.
        skill = library.version(drop.skill, version.digest)
        author = skill.metadata.get(f"{PREFIX}author", "human")
        candidate = Candidate(skill=skill, source=tool_source(skill), author=author)
        verdict = Gate(library, deps.sandbox).judge(candidate)
        Desk(library).note(verdict)
        if verdict.decision == "probation":
            library.rollback(drop.skill, version.digest)
            reason = f"version {version.number} succeeded more often"
            library.set_state(drop.skill, "probation", reason, author=AUTHOR)
            return Repair(drop=drop, how=f"version {version.number}", verdict=verdict)
        why = f"version {version.number}: {verdict.line()}"
    return Repair(drop=drop, how="", why=why)


async def _rewritten(deps: Deps, drop: Drop, results: Sequence[Result]) -> Repair:
    """A new version by the model, which gives the tool's cases and is told what failed."""
    skill = await deps.get(drop.skill)
    cases = tuple(case for case in skill.cases if case.raises is None)
    if not cases:
        return Repair(drop=drop, how="", why="it has no cases to hold a new version to")
    source = await asyncio.to_thread(tool_source, skill)
    failures = [f"the present code:\n{source}", *_failures(skill, results)]
    problem = Problem(request=skill.description, shown=cases, attempts=tuple(failures))
    try:
        written = await write(problem, deps.ask, deps.sandbox)
    except NotWrittenError as error:
        return Repair(drop=drop, how="", why=str(error))
    function = written.draft.signature.function
    metadata = {**skill.metadata, f"{PREFIX}function": function, f"{PREFIX}author": WRITE}
    new = skill.model_copy(
        update={"signature": written.draft.signature, "metadata": metadata, "path": None}
    )
    folder = skill.path
    files = {n: c for n, c in (scan(folder) if folder else {}).items() if n.startswith("evals/")}
    wrapped = WrappedSkill(
        skill=new,
        files={**files, TOOL_FILE: written.draft.source.encode()},
        source=Path(skill.name),
    )
    gate = Admission(deps.library, deps.sandbox)
    verdict = await asyncio.to_thread(gate.offer, wrapped, WRITE)
    if verdict.decision in ("refused", "merge"):
        return Repair(drop=drop, how="", verdict=verdict, why=verdict.line())
    return Repair(drop=drop, how="rewritten", verdict=verdict)


def _failures(skill: Skill, results: Sequence[Result]) -> list[str]:
    """What runs say of the tool's latest failures."""
    told = [
        f"{attempt.arguments}: {attempt.error or (attempt.verdict and attempt.verdict.detail)}"
        for result in results
        for step in result.steps
        for attempt in step.attempts
        if attempt.skill.partition("@")[0] == skill.name and not attempt.ok
    ]
    return told[-TOLD:]


def _rate(events: Sequence[Event], digest: str) -> float | None:
    """The success rate of a version; None when it was never used."""
    told = [e.kind == "succeeded" for e in events
            if e.digest == digest and e.kind in ("succeeded", "failed")]  # fmt: skip
    return sum(told) / len(told) if told else None


def chosen(library: Library, name: str) -> list[Drop]:
    """The tool of that name if it needs a repair, or all that do.

    Raises:
        UserError: the tool does well.
    """
    found = dropped(library)
    if not name:
        return found
    own = [drop for drop in found if drop.skill == library.get(name).name]
    if not own:
        raise UserError(f"{name} does not succeed less often than before; nothing to repair")
    return own

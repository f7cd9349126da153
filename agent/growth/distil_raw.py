"""Verified runs as raw experiences (ExpRAG), kept in order (ReMem: refined and pruned).

One for each shape of plan: the run with the fewest attempts. Those that a tool of the library does in
one step by now, that did not help, or that are too many, are put away.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from skillweave.agent.deps import IN_USE
from skillweave.agent.growth.lifecycle import Rules, plausible
from skillweave.agent.growth.reuse import SHAPE, shape
from skillweave.agent.nodes.learn import CHECKED
from skillweave.agent.result import Result
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.folder import PREFIX
from skillweave.skills.model import Skill
from skillweave.store.ledger import Counts
from skillweave.store.library import Library
from skillweave.store.reading import Entry

AUTHOR = "distil"
TRIES = f"{PREFIX}tries"
"""Metadata: attempts that the run took."""
RAW = f"{PREFIX}raw-shape"
"""Metadata of a raw experience: the shape of its plan."""
MOST = 200


def raw_of(result: Result) -> WrappedSkill | None:
    """A verified run of several steps as an experience; None when it was not verified throughout."""
    plan = result.plan
    if result.outcome != "solved" or plan is None or len(plan.steps) < 2:
        return None
    last = [step.attempts[-1] for step in result.steps if step.attempts]
    good = (*CHECKED, "model")
    if len(last) < len(plan.steps) or not all(
        one.verdict is not None and one.verdict.ok and one.verdict.method in good for one in last
    ):
        return None
    form = shape(plan.steps)
    name = f"done-{form[:12]}"
    task = " ".join(result.task.split())
    skill = Skill(
        name=name,
        description=f"How this was done: {task[:900]}",
        kind="experience",
        body=body_of(result),
        metadata={
            f"{PREFIX}author": AUTHOR,
            RAW: form,
            TRIES: str(sum(len(step.attempts) for step in result.steps)),
        },
    )
    return WrappedSkill(skill=skill, files={}, source=Path(name))


def body_of(result: Result) -> str:
    """What was asked and done, step by step."""
    lines = [f"Request: {result.task}", ""]
    for step in result.steps:
        for attempt in step.attempts:
            said = attempt.error or json.dumps(attempt.value, ensure_ascii=False)
            given = json.dumps(attempt.arguments, ensure_ascii=False)
            lines.append(f"- {step.goal}: {attempt.skill.partition('@')[0]} {given} -> {said}")
    return "\n".join([*lines, "", f"Answer: {json.dumps(result.value, ensure_ascii=False)}", ""])


def refined(results: Sequence[Result], entries: Sequence[Entry]) -> list[WrappedSkill]:
    """The raw experiences worth adding: a new shape, or a known one done in fewer attempts."""
    known = {e.skill.metadata[RAW]: e.skill for e in entries if RAW in e.skill.metadata}
    covered = {
        e.skill.metadata[SHAPE] for e in entries if SHAPE in e.skill.metadata and e.state in IN_USE
    }
    best: dict[str, WrappedSkill] = {}
    for result in results:
        raw = raw_of(result)
        if raw is None or raw.skill.metadata[RAW] in covered:
            continue
        form = raw.skill.metadata[RAW]
        before = best[form].skill if form in best else known.get(form)
        if before is None or _tries(raw.skill) < _tries(before):
            best[form] = raw
    return list(best.values())


def pruned(entries: Sequence[Entry], most: int = MOST) -> list[tuple[str, str]]:
    """Raw experiences to be put away, each with the reason."""
    tools = {
        e.skill.metadata[SHAPE]: e.skill.name
        for e in entries
        if SHAPE in e.skill.metadata and e.state in IN_USE
    }
    raw = [e for e in entries if RAW in e.skill.metadata and e.state in IN_USE and not e.pinned]
    found = []
    for entry in raw:
        tool = tools.get(entry.skill.metadata[RAW])
        if tool is not None:
            found.append((entry.skill.name, f"{tool} does this in one step"))
        elif _does_harm(entry):
            told = f"{entry.failed} of {entry.succeeded + entry.failed} steps with it failed"
            found.append((entry.skill.name, told))
    gone = {name for name, _ in found}
    left = sorted((e for e in raw if e.skill.name not in gone), key=lambda e: -e.succeeded)
    return [*found, *((e.skill.name, f"one of more than {most}") for e in left[most:])]


def prune(library: Library) -> list[tuple[str, str]]:
    """Put away what `pruned` says; gives what went, with the reasons."""
    found = pruned(library.entries())
    for name, reason in found:
        library.set_state(name, "archived", reason, author=AUTHOR)
    return found


def _does_harm(entry: Entry) -> bool:
    rules = Rules()
    counts = Counts(entry.used, entry.succeeded, entry.failed)
    return entry.succeeded + entry.failed >= rules.tried and plausible(counts) < rules.floor


def _tries(skill: Skill) -> int:
    return int(skill.metadata.get(TRIES, "0") or 0)

"""Way "distil": what the runs so far teach, as experiences in the library.

Insights by contrast of successes and failures (ExpeL, https://arxiv.org/abs/2308.10144), counted by
`distil_contrast`, and written by a model where one is in use that can; verified runs as raw experiences,
refined and pruned (Evo-Memory's ExpRAG and ReMem). Votes decide what is offered, the gate what is let in.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from skillweave.agent.deps import Deps
from skillweave.agent.growth.admission import Admission
from skillweave.agent.growth.distil_advice import AVOID, GOAL, PREFER
from skillweave.agent.growth.distil_ballot import FILE, Ballot, Insight, Op, Operation
from skillweave.agent.growth.distil_contrast import contrast, operations, tries_of
from skillweave.agent.growth.distil_raw import AUTHOR, prune, refined
from skillweave.agent.growth.distil_write import groups, question, read
from skillweave.agent.growth.fragments_traces import result_of
from skillweave.agent.result import Result
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.folder import PREFIX
from skillweave.skills.model import Frozen, Skill
from skillweave.skills.names import slug
from skillweave.store.layout import Layout
from skillweave.store.library import Library

INSIGHT = f"{PREFIX}insight"
"""Metadata of an experience: the id of its insight."""
OnProgress = Callable[[str], None]


class Refusal(Frozen):
    """What the gate did not let in."""

    name: str
    reason: str


class Distilled(Frozen):
    """What came of the runs."""

    runs: int
    operations: dict[Op, int]
    added: tuple[str, ...] = ()
    archived: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    tokens: int = 0
    insights: tuple[Insight, ...] = ()
    """All that have a vote."""


def runs_in(state_dir: Path) -> list[Result]:
    """All runs that came to an end, oldest first."""
    found = (result_of(path) for path in sorted((state_dir / "runs").glob("*/trace.jsonl")))
    return [result for result in found if result is not None]


async def distil(
    deps: Deps,
    results: Sequence[Result],
    *,
    with_model: bool = False,
    dry: bool = False,
    raw: bool = True,
    on_progress: OnProgress | None = None,
) -> Distilled:
    """Vote on the insights of the library's ballot, and bring the library in line with it.

    The votes are saved last: a process that is killed before repeats the work and finds it done.

    Args:
        results: All runs that count; those that have voted before do not vote twice.
        with_model: Also let the model read groups of similar runs it has not seen.
        dry: Only say what would be done.
        raw: Also keep verified runs as raw experiences.

    Raises:
        UserError: the ballot or the library cannot be read or written.
        ModelError: the model failed.
    """
    tell = on_progress or _deaf
    file = Layout(deps.library.root).records / FILE
    before = await asyncio.to_thread(Ballot.load, file)
    tell(f"contrasting {len(results)} runs")
    tries = [one for result in results for one in tries_of(result)]
    made = operations(contrast(tries), before)
    ballot, tokens = before.changed(made), 0
    if with_model:
        ballot, written, tokens = await _by_model(deps, results, ballot, tell)
        made += written
    counts: Counter[Op] = Counter(one.op for one in made)
    told = Distilled(
        runs=len(results), operations=dict(counts), tokens=tokens, insights=ballot.insights
    )
    if dry:
        return told
    keeper = _Keeper(deps, tell)
    await asyncio.to_thread(keeper.follow, ballot)
    if raw:
        await asyncio.to_thread(keeper.keep_raw, results)
    await asyncio.to_thread(ballot.save, file)
    return told.model_copy(
        update={
            "added": tuple(keeper.added),
            "archived": tuple(keeper.archived),
            "refused": tuple(keeper.refused),
        }
    )


async def _by_model(
    deps: Deps, results: Sequence[Result], ballot: Ballot, tell: OnProgress
) -> tuple[Ballot, list[Operation], int]:
    """Group by group; the list a group is shown holds what the groups before it changed."""
    made: list[Operation] = []
    tokens = 0
    for group in groups(results):
        runs = [one.run for one in group]
        if set(runs) <= set(ballot.seen):
            continue
        tell(f"reading {len(group)} runs like “{group[0].task[:40]}”")
        answer = await deps.ask(question(group, ballot.insights))
        tokens += answer.tokens
        found = read(answer.text, ballot.insights, runs)
        ballot = ballot.changed(found).having_seen(runs)
        made += found
    return ballot, made, tokens


def as_experience(insight: Insight) -> WrappedSkill:
    """An insight as a skill; its evidence lies beside it."""
    words = "-".join(slug(insight.text).split("-")[:6])
    lines = [insight.text]
    lines += [f"When: {insight.use_when}."] if insight.use_when else []
    lines += [f"Not: {insight.avoid_when}."] if insight.avoid_when else []
    about = {GOAL: insight.goal, PREFER: insight.prefer, AVOID: insight.avoid}
    skill = Skill(
        name=f"{slug(f'insight-{words}')[:50].rstrip('-')}-{insight.id}",
        description=(insight.use_when and f"{insight.use_when}: {insight.text}") or insight.text,
        kind="experience",
        body="\n\n".join(lines) + "\n",
        metadata={
            f"{PREFIX}author": AUTHOR,
            INSIGHT: insight.id,
            **{key: value for key, value in about.items() if value},
        },
        use_when=insight.use_when,
        avoid_when=insight.avoid_when,
        requests=(insight.goal,) if insight.goal else (),
    )
    evidence = json.dumps({"runs": insight.runs, "votes": insight.votes}, indent=1) + "\n"
    files = {"references/evidence.json": evidence.encode()}
    return WrappedSkill(skill=skill, files=files, source=Path(skill.name))


class _Keeper:
    """Brings the library in line with a ballot, through the gate."""

    def __init__(self, deps: Deps, tell: OnProgress) -> None:
        self._library: Library = deps.library
        self._gate = Admission(deps.library, deps.sandbox)
        self._tell = tell
        self.added: list[str] = []
        self.archived: list[str] = []
        self.refused: list[Refusal] = []

    def follow(self, ballot: Ballot) -> None:
        """Insights with enough votes come in, those without go to the archive."""
        known: dict[str, list[Skill]] = {}
        for entry in self._library.entries():
            if INSIGHT in entry.skill.metadata:
                known.setdefault(entry.skill.metadata[INSIGHT], []).append(entry.skill)
        stand = {one.id: one for one in ballot.insights if one.stands}
        for insight in stand.values():
            own = known.get(insight.id, [])
            if not any(_says(skill, insight) for skill in own):
                # What a person has put away does not come back in the same words.
                name = self._offer(as_experience(insight))
                self._archive([s for s in own if s.name != name], "its words changed")
        for name, own in known.items():
            if name not in stand:
                self._archive(own, "more runs speak against it than for it")

    def keep_raw(self, results: Collection[Result]) -> None:
        """Raw experiences: those worth it come in, those that are not go to the archive."""
        for wrapped in refined(list(results), self._library.entries()):
            self._offer(wrapped)
        self.archived += [name for name, _ in prune(self._library)]

    def _offer(self, wrapped: WrappedSkill) -> str:
        name = wrapped.skill.name
        self._tell(f"offering {name}")
        verdict = self._gate.offer(wrapped, AUTHOR)
        if verdict.decision == "probation":
            self.added.append(name)
        else:
            self.refused.append(Refusal(name=name, reason=verdict.line()))
        return name

    def _archive(self, skills: Collection[Skill], reason: str) -> None:
        for skill in skills:
            entry = self._library.entry(skill.name)
            if entry.state != "archived" and not entry.pinned:
                self._library.set_state(skill.name, "archived", reason, author=AUTHOR)
                self.archived.append(skill.name)


def _says(skill: Skill, insight: Insight) -> bool:
    """Whether a skill holds an insight in its present words."""
    return skill.body.lstrip().startswith(insight.text)


def _deaf(text: str) -> None:
    """Nobody listens."""

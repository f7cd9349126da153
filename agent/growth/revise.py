"""Way "revise": the functions of the library as parameters that are trained (AgentOptimizer).

An epoch looks at the training tasks that are wrong, proposes to add, revise or remove a tool, and keeps
the change if more of them are right with it; else it is rolled back. It ends early when nothing helps
any more (https://arxiv.org/abs/2402.11359). Every third task is kept back: the gate judges by those, and
they tell what was learned. Without a model that writes code, functions come from a search over tools and
from earlier versions.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from skillweave.agent.deps import Deps
from skillweave.agent.growth.admission import Admission
from skillweave.agent.growth.calls import Calls
from skillweave.agent.growth.neighbours import words_of
from skillweave.agent.growth.revise_moves import AUTHOR, Before, Move, Record, Step
from skillweave.agent.growth.revise_score import Answered, answers, score, split
from skillweave.agent.growth.search import Limit
from skillweave.agent.growth.search_skill import AUTHOR as SEARCH
from skillweave.agent.growth.search_skill import LEAST, Wanted, find, library_tools
from skillweave.agent.growth.verdict import Task
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import UserError
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.model import Case, Frozen
from skillweave.skills.names import slug

FEWEST = 6
"""Tasks, those kept back included."""
SEARCHED = Limit(nodes=100_000, seconds=10)
OnStep = Callable[[str], None]


class Revised(Frozen):
    """What came of the training."""

    training: int
    held_back: int
    before: int
    """Training tasks right at first."""
    after: int
    held_before: int
    held_after: int
    epochs: int
    steps: tuple[Step, ...]
    recovered: str = ""
    """A change that an interrupted training had left undecided, and that was taken back."""


class _Proposal(Frozen):
    move: Move
    tasks: tuple[Task, ...] = ()
    version: str = ""


async def revise(
    deps: Deps,
    tasks: Sequence[Task],
    *,
    epochs: int = 5,
    patience: int = 1,
    on_step: OnStep | None = None,
) -> Revised:
    """Train the library's tools on tasks; see the module.

    Args:
        tasks: Requests with the arguments of one call and the right value.
        epochs: At most so many.
        patience: Epochs without any change that helped, after which it ends.

    Raises:
        UserError: there are too few tasks.
    """
    if len(tasks) < FEWEST:
        raise UserError(f"give at least {FEWEST} tasks; one in three is kept back")
    return await asyncio.to_thread(_Training(deps, tasks, on_step or _deaf).run, epochs, patience)


class _Training:
    def __init__(self, deps: Deps, tasks: Sequence[Task], tell: OnStep) -> None:
        self._deps, self._tell = deps, tell
        self._library, self._calls = deps.library, Calls(deps.sandbox)
        self._training, self._held = split(tasks)
        self._gate = Admission(deps.library, deps.sandbox)
        self._record = Record(deps.library)
        self._tried: set[tuple[str, str, str]] = set()

    def run(self, epochs: int, patience: int) -> Revised:
        left = self._record.recover()
        first, held = self._answers(), score(answers(self._library, self._held, self._calls))
        steps: list[Step] = []
        idle = done = 0
        while done < epochs and idle < patience and score(self._answers()) < len(self._training):
            done += 1
            self._tell(f"epoch {done}: {score(self._answers())} of {len(self._training)} right")
            helped = False
            for proposal in self._proposals(self._answers()):
                step = self._try(proposal)
                steps.append(step)
                helped |= step.outcome == "kept"
            idle = 0 if helped else idle + 1
        return Revised(
            training=len(self._training),
            held_back=len(self._held),
            before=score(first),
            after=score(self._answers()),
            held_before=held,
            held_after=score(answers(self._library, self._held, self._calls)),
            epochs=done,
            steps=tuple(steps),
            recovered=f"{left.kind} {left.skill}" if left is not None else "",
        )

    def _answers(self) -> list[Answered]:
        return answers(self._library, self._training, self._calls)

    def _proposals(self, found: Sequence[Answered]) -> Iterator[_Proposal]:
        """Dearer and bolder ones later; none is tried twice."""
        wrong: dict[str, list[Answered]] = defaultdict(list)
        right: dict[str, int] = defaultdict(int)
        for one in found:
            right[one.tool] += one.right
            if not one.right:
                wrong[one.tool].append(one)
        own = {e.skill.name: e for e in self._library.entries() if e.origin != "builtin"}
        made: list[_Proposal] = []
        for tool, failed in wrong.items():
            entry = own.get(tool)
            tasks = tuple(one.task for one in failed)
            if entry is not None:
                for version in reversed(self._library.versions(tool)):
                    if version.kept and version.digest != entry.skill.digest:
                        move = Move(
                            kind="revise", skill=tool, why=f"version {version.number} may be right"
                        )
                        made.append(_Proposal(move=move, tasks=tasks, version=version.digest))
            for group in _alike(tasks):
                if len(group) >= LEAST - 1:
                    name = slug(" ".join(sorted(words_of([group[0].request]))))[:50] or "added"
                    move = Move(kind="add", skill=name, why=f"{len(group)} tasks are wrong")
                    made.append(_Proposal(move=move, tasks=tuple(group)))
            if entry is not None and len(failed) > right[tool] and not entry.pinned:
                told = f"{len(failed)} of {len(failed) + right[tool]} answers are wrong"
                made.append(_Proposal(move=Move(kind="remove", skill=tool, why=told)))
        for proposal in made:
            key = (proposal.move.kind, proposal.move.skill, proposal.version)
            if key not in self._tried:
                self._tried.add(key)
                yield proposal

    def _try(self, proposal: _Proposal) -> Step:
        """Change, measure, keep or take back."""
        move = proposal.move
        self._tell(f"{move.kind} {move.skill}: {move.why}")
        was = score(self._answers())
        before = self._record.begin(move.kind, move.skill)
        try:
            fault = self._apply(proposal, before)
        except UserError as error:
            fault = str(error)
        now = score(self._answers())
        if now > was and not fault:
            self._record.keep()
            return Step(move=move, outcome="kept", before=was, after=now)
        reason = fault or f"{now} of {len(self._training)} right with it, {was} without"
        self._record.take_back(before, reason)
        told = "refused" if fault else "taken back"
        return Step(move=move, outcome=told, before=was, after=now, why=reason[:300])

    def _apply(self, proposal: _Proposal, before: Before) -> str:
        """Make the change; gives why it could not be made."""
        move = proposal.move
        match move.kind:
            case "remove":
                self._library.set_state(move.skill, "archived", move.why, author=AUTHOR)
            case "revise":
                self._library.rollback(move.skill, proposal.version)
            case "add":
                return self._add(proposal, before)
        return ""

    def _add(self, proposal: _Proposal, before: Before) -> str:
        """Search a program of tools that gives the right values; the gate gets the tasks kept back."""
        if before.digest:
            return f"there is another skill named {proposal.move.skill}"
        group = proposal.tasks
        kept = [task for task in self._held if _similar(task, group[0])]
        examples = tuple(
            Case(arguments=dict(task.arguments), expected=task.expected) for task in group
        )
        wanted = Wanted(name=proposal.move.skill, examples=examples, request=group[0].request)
        answer = find(wanted, library_tools(self._library), self._deps.sandbox, SEARCHED)
        if answer.compiled is None:
            return f"no program of tools gives these values ({answer.outcome.stopped})"
        compiled = answer.compiled
        files = {TOOL_FILE: compiled.source.encode()}
        wrapped = WrappedSkill(skill=compiled.skill, files=files, source=Path(compiled.skill.name))
        verdict = self._gate.offer(wrapped, SEARCH, _named(kept, compiled.skill.cases))
        return "" if verdict.decision == "probation" else verdict.line()


def _alike(tasks: Sequence[Task]) -> list[list[Task]]:
    """Tasks with the same arguments and mostly the same words."""
    groups: list[list[Task]] = []
    for task in tasks:
        own = next((group for group in groups if _similar(task, group[0])), None)
        if own is None:
            groups.append([task])
        else:
            own.append(task)
    return groups


def _similar(one: Task, other: Task) -> bool:
    if one.arguments.keys() != other.arguments.keys():
        return False
    mine, theirs = words_of([one.request]), words_of([other.request])
    return 2 * len(mine & theirs) >= len(mine | theirs)


def _named(tasks: Sequence[Task], cases: Sequence[Case]) -> tuple[Task, ...]:
    """The tasks with only the arguments that the program has a use for."""
    names = cases[0].arguments.keys() if cases else ()
    return tuple(
        task.model_copy(update={"arguments": {name: task.arguments[name] for name in names}})
        for task in tasks
    )


def _deaf(text: str) -> None:
    """Nobody listens."""

"""From the gate's word to the library: in on probation, waiting for a person, or refused on record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skillweave.agent.checked import CheckedCases, LaneRunner
from skillweave.agent.deps import tool_source
from skillweave.agent.growth.benefit import Solver
from skillweave.agent.growth.desk import Desk
from skillweave.agent.growth.gate import Gate, OnStage
from skillweave.agent.growth.verdict import Candidate, Task, Verdict
from skillweave.skills.cases import Runner
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import UserError
from skillweave.skills.files import VERDICT, Content, hash_files, read_text, scan
from skillweave.skills.folder import PREFIX, TOOL_FILE, complete_files
from skillweave.skills.model import Skill
from skillweave.store.embed import Embedder
from skillweave.store.library import Library
from skillweave.store.sync import Check


class Admission:
    """The gate of one library, and what follows from its word."""

    def __init__(self, library: Library, runner: Runner, *, embedder: Embedder | None = None):
        self._library = library
        self._gate = Gate(library, runner, embedder=embedder)
        self._desk = Desk(library)

    def offer(
        self,
        wrapped: WrappedSkill,
        author: str,
        tasks: Sequence[Task] = (),
        *,
        by_person: bool = False,
        solver: Solver | None = None,
        on_stage: OnStage | None = None,
    ) -> Verdict:
        """Judge a candidate and do what the verdict says; ``tasks`` are not by its author.

        What comes ``by_person`` is refused for forbidden code and wrong cases only, and needs no
        approval: whoever brings it has decided.

        Raises:
            UserError: the library cannot be written.
        """
        files = complete_files(wrapped.skill, wrapped.files)
        skill = wrapped.skill.model_copy(update={"digest": hash_files(files)})
        source = ""
        if TOOL_FILE in files:
            source = read_text(files[TOOL_FILE], file=Path(skill.name) / TOOL_FILE)
        candidate = Candidate(
            skill=skill, source=source, author=author, by_person=by_person, tasks=tuple(tasks)
        )
        verdict = self._gate.judge(candidate, solver=solver, on_stage=on_stage)
        verdict = verdict if by_person else self._asked(verdict, skill)
        files[VERDICT] = verdict.model_dump_json(indent=2).encode()
        judged = WrappedSkill(skill=skill, files=files, source=wrapped.source)
        if verdict.decision == "probation":
            self._library.add(judged, state="probation", author=author)
        elif verdict.decision == "approval":
            self._desk.put(judged)
        self._desk.note(verdict)
        return verdict

    def cost(self, name: str, tasks: Sequence[Task] = ()) -> int:
        """The runs of tools that `decide` takes at most.

        Raises:
            SkillNotFoundError: there is no such skill.
        """
        return sum(one.calls for one in self._gate.cost(self._candidate(name, tasks)))

    def decide(self, name: str, tasks: Sequence[Task] = ()) -> Verdict:
        """Judge a skill that is in the library as a candidate: on probation, waiting, or archived.

        Raises:
            SkillNotFoundError: there is no such skill.
            UserError: the library cannot be written.
        """
        candidate = self._candidate(name, tasks)
        skill = candidate.skill
        verdict = self._asked(self._gate.judge(candidate), skill)
        if verdict.decision == "approval" and skill.path is not None:
            files: dict[str, Content] = dict(scan(skill.path))
            files[VERDICT] = verdict.model_dump_json(indent=2).encode()
            self._desk.put(WrappedSkill(skill=skill, files=files, source=skill.path))
        elif verdict.decision == "probation":
            self._library.set_state(skill.name, "probation", verdict.reason, author="gate")
        else:
            self._library.set_state(skill.name, "archived", verdict.line(), author="gate")
        self._desk.note(verdict)
        return verdict

    def check(self, skill: Skill) -> None:
        """A `Check` for what a person brings: the verdict goes into its folder and the ledger.

        Raises:
            UserError: a stage that binds persons too refused it.
        """
        if skill.path is None:
            return
        source = tool_source(skill) if skill.kind == "tool" else ""
        verdict = self._gate.judge(_by_hand(skill, source))
        self._desk.note(verdict)
        if verdict.decision == "refused":
            raise UserError(f"{skill.name}: {verdict.reason}")
        (skill.path / VERDICT).write_text(verdict.model_dump_json(indent=2), encoding="utf-8")

    def _candidate(self, name: str, tasks: Sequence[Task]) -> Candidate:
        skill = self._library.get(name)
        author = skill.metadata.get(f"{PREFIX}author", "human")
        source = tool_source(skill) if skill.kind == "tool" else ""
        return Candidate(skill=skill, source=source, author=author, tasks=tuple(tasks))

    def _asked(self, verdict: Verdict, skill: Skill) -> Verdict:
        why = self._desk.policies.asks(skill.kind, verdict)
        if verdict.decision != "probation" or not why:
            return verdict
        return verdict.model_copy(update={"decision": "approval", "reason": why})


def _by_hand(skill: Skill, source: str) -> Candidate:
    return Candidate(skill=skill, source=source, author="human", by_person=True)


def check_of_drops(library: Library, sandbox: LaneRunner, checked: CheckedCases) -> Check:
    """What a person's skill must pass: the cases it declares hold, then the gate."""
    gate = Admission(library, sandbox)

    def check(skill: Skill) -> None:
        checked.must_hold(sandbox, skill)
        gate.check(skill)

    return check

"""Where candidates wait for a person, and where verdicts are put on record."""

from __future__ import annotations

import shutil
from pathlib import Path

from skillweave.agent.growth.policy import Policies
from skillweave.agent.growth.verdict import Verdict
from skillweave.skills.diff import diff_files
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import SkillNotFoundError, UserError
from skillweave.skills.files import VERDICT, scan
from skillweave.skills.folder import read_skill
from skillweave.skills.model import Frozen, Skill
from skillweave.store.layout import Layout
from skillweave.store.ledger import Event, Ledger
from skillweave.store.library import Library

POLICIES = "policies.json"
WAITING = "waiting"
REFUSED = "refused"


class Waiting(Frozen):
    """A candidate that passed the gate and needs a person's word."""

    skill: Skill
    verdict: Verdict
    folder: Path


class Desk:
    """What waits for a person beside a library, the policies, and the record of verdicts."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._layout = Layout(library.root)
        self._waiting = self._layout.records / WAITING

    @property
    def policies(self) -> Policies:
        """The policies in force."""
        return Policies.load(self._layout.records / POLICIES)

    def set_policy(self, text: str) -> Policies:
        """Set ``KIND=POLICY``.

        Raises:
            UserError: there is no such kind or policy.
        """
        policies = self.policies.changed(text)
        policies.save(self._layout.records / POLICIES)
        return policies

    def put(self, judged: WrappedSkill) -> None:
        """Let a candidate wait; one of the same name before it waits no longer."""
        home = self._waiting / judged.skill.digest[:12]
        for earlier in self.waiting():
            if earlier.skill.name == judged.skill.name:
                shutil.rmtree(earlier.folder.parent)
        home.mkdir(parents=True, exist_ok=True)
        judged.write(home / judged.skill.name)

    def waiting(self) -> list[Waiting]:
        """What waits, by name."""
        found = []
        for folder in sorted(self._waiting.glob("*/*/")):
            file = folder / VERDICT
            if file.is_file():
                verdict = Verdict.model_validate_json(file.read_bytes())
                found.append(Waiting(skill=read_skill(folder), verdict=verdict, folder=folder))
        return sorted(found, key=lambda one: one.skill.name)

    def find(self, name: str) -> Waiting:
        """The candidate of that name.

        Raises:
            SkillNotFoundError: none waits under it.
        """
        for one in self.waiting():
            if one.skill.name == name:
                return one
        raise SkillNotFoundError(f"no candidate named {name!r} waits for approval")

    def diff(self, one: Waiting) -> list[str]:
        """What it would change: against the version in the library, or against nothing."""
        try:
            path = self._library.get(one.skill.name).path
        except SkillNotFoundError:
            path = None
        return list(diff_files(scan(path) if path else {}, scan(one.folder)))

    def approve(self, name: str, digest: str, by: str = "human") -> Skill:
        """Admit the candidate on probation, if it still is what the person saw.

        Raises:
            SkillNotFoundError: none waits under this name.
            UserError: its content has another digest than the one approved.
        """
        one = self.find(name)
        if len(digest) < 8 or not one.skill.digest.startswith(digest):
            raise UserError(
                f"{name} is {one.skill.digest[:12]} now, not {digest}: look at it again"
            )
        files = scan(one.folder)
        wrapped = WrappedSkill(skill=one.skill, files=files, source=one.folder)
        author = one.verdict.author
        skill = self._library.add(wrapped, state="probation", author=author)
        if skill.digest != one.skill.digest:
            raise UserError(f"{name} changed while it was admitted: look at it again")
        if self._library.entry(name).state == "candidate":
            self._library.set_state(name, "probation", "approved", by)
        self._append(skill.name, skill.digest, by, f"approved: {one.verdict.reason}")
        shutil.rmtree(one.folder.parent)
        return skill

    def reject(self, name: str, reason: str, by: str = "human") -> None:
        """Put the candidate with the refused ones; nothing is deleted.

        Raises:
            SkillNotFoundError: none waits under this name.
        """
        one = self.find(name)
        dest = self._layout.records / REFUSED / one.folder.parent.name
        dest.parent.mkdir(parents=True, exist_ok=True)
        if dest.exists():
            shutil.rmtree(dest)
        one.folder.parent.rename(dest)
        self._append(name, one.skill.digest, by, f"refused: {reason}")

    def note(self, verdict: Verdict) -> None:
        """The verdict as an event of the ledger."""
        self._append(verdict.skill, verdict.digest, verdict.author, verdict.line())

    def _append(self, skill: str, digest: str, author: str, detail: str) -> None:
        ledger = Ledger(self._layout.ledger)
        try:
            ledger.append(
                Event(kind="verdict", skill=skill, digest=digest, author=author, detail=detail)
            )
        finally:
            ledger.close()

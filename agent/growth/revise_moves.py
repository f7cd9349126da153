"""Changes of a library that can be taken back; one at a time, on record until it is decided.

Add, revise, remove: the moves of AgentOptimizer.
"""

from __future__ import annotations

import os
from typing import Literal

from pydantic import ValidationError

from skillweave.skills.errors import SkillNotFoundError, UserError
from skillweave.skills.model import Frozen, SkillState
from skillweave.store.layout import Layout
from skillweave.store.library import Library

FILE = "revise.json"
AUTHOR = "revise"
Kind = Literal["add", "revise", "remove"]


class Before(Frozen):
    """What a move is about to change, and how it was."""

    kind: Kind
    skill: str
    digest: str = ""
    """Of the version that was current; empty where there was no such skill."""
    state: SkillState = "active"


class Record:
    """The one move that is not decided yet, on disk: after a kill it is taken back."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._file = Layout(library.root).records / FILE

    def begin(self, kind: Kind, skill: str) -> Before:
        """Note how a skill is before it is changed."""
        try:
            entry = self._library.entry(skill)
            before = Before(kind=kind, skill=skill, digest=entry.skill.digest, state=entry.state)
        except SkillNotFoundError:
            before = Before(kind=kind, skill=skill)
        fresh = self._file.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as target:
            target.write(before.model_dump_json() + "\n")
            target.flush()
            os.fsync(target.fileno())
        fresh.replace(self._file)
        return before

    def keep(self) -> None:
        """The move stays."""
        self._file.unlink(missing_ok=True)

    def take_back(self, before: Before, reason: str) -> None:
        """Bring the skill back to how it was; nothing is deleted."""
        _undo(self._library, before, reason)
        self._file.unlink(missing_ok=True)

    def recover(self) -> Before | None:
        """Take back what a killed process left undecided; gives what that was.

        Raises:
            UserError: the record cannot be read.
        """
        try:
            before = Before.model_validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise UserError(f"{self._file}: cannot be read; delete it to go on") from error
        self.take_back(before, "an interrupted revision is taken back")
        return before


def _undo(library: Library, before: Before, reason: str) -> None:
    try:
        entry = library.entry(before.skill)
    except SkillNotFoundError:
        return  # it was never added
    if not before.digest:
        if entry.state != "archived":
            library.set_state(before.skill, "archived", reason, author=AUTHOR)
        return
    if entry.skill.digest != before.digest:
        library.rollback(before.skill, before.digest)
    if library.entry(before.skill).state != before.state:
        library.set_state(before.skill, before.state, reason, author=AUTHOR)


class Move(Frozen):
    """A change that is proposed."""

    kind: Kind
    skill: str
    why: str


class Step(Frozen):
    """A move that was tried, and what it came to."""

    move: Move
    outcome: Literal["kept", "taken back", "refused"]
    before: int
    after: int
    """Training tasks that were right before and with it."""
    why: str = ""

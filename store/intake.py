"""Taking in what people put into the library's folders: files become skills, or one line says why not."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from skillweave.skills.drop import WrappedSkill, wrap
from skillweave.skills.errors import SkillweaveError, UserError
from skillweave.skills.model import Frozen, Skill, SkillState
from skillweave.store.folders import stamp_of
from skillweave.store.layout import Layout
from skillweave.store.ledger import Ledger
from skillweave.store.sync import Check, Problem

log = logging.getLogger("skillweave.store")

SUFFIXES = (".py", ".md", ".zip")
UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp", ".swp", "~")
PROJECT_FILES = ("readme", "license", "changelog", "contributing", "code_of_conduct", "security")
"""Files that lie in a library's root because it is a repository, not because they are skills."""
MARKERS = ("SKILL.md", "adapter_config.json")


class Admitted(Frozen):
    """A dropped file or folder that became skills."""

    path: Path
    """Where it was dropped."""
    skills: tuple[Skill, ...]
    warnings: tuple[str, ...] = ()
    """What was left out or read with leniency, one line each."""


Notice: TypeAlias = Admitted | Problem
Admit = Callable[[Sequence[WrappedSkill], Check | None], Sequence[Skill]]


def state_of_drop(skill: Skill, check: Check | None) -> SkillState:
    """The state of a skill that a person put in: a tool must show first that it works.

    It does so by cases of its own that hold; without cases, or without a ``check`` that runs them,
    it is on probation.
    """
    proven = check is not None and bool(skill.cases)
    return "active" if skill.kind != "tool" or proven else "probation"


class Intake:
    """Finds dropped files and hands them to the library; remembers what it refused, and why."""

    def __init__(self, layout: Layout, ledger: Ledger, admit: Admit):
        self._layout = layout
        self._ledger = ledger
        self._admit = admit
        self._refused: dict[Path, tuple[str, Problem]] = {}
        self._lock = threading.Lock()

    def dropped(self) -> list[Path]:
        """What waits in ``drop/`` and in the library's root."""
        paths = [path for path in _visible(self._layout.drop) if not _unfinished(path)]
        for path in _visible(self._layout.root):
            if path in (self._layout.skills, self._layout.drop):
                continue
            stem = path.name.lower().partition(".")[0]
            skill_folder = any((path / marker).is_file() for marker in MARKERS)
            if skill_folder or (_is_lone(path) and stem not in PROJECT_FILES):
                paths.append(path)
        return paths

    def misplaced(self) -> list[Path]:
        """What lies in ``skills/`` and is not yet a skill's folder."""
        return [
            path
            for path in _visible(self._layout.skills)
            if _is_lone(path) or (path.is_dir() and not (path / "SKILL.md").is_file())
        ]

    def take(self, path: Path, check: Check | None) -> Notice | None:
        """Admit what lies at ``path``, or say why not; None when it was dealt with before."""
        with self._lock:
            return self._take(path, check)

    def _take(self, path: Path, check: Check | None) -> Notice | None:
        stamp = stamp_of(path)
        refused = self._refused.get(path)
        if not stamp or (refused is not None and refused[0] == stamp):
            return None
        try:
            if path.is_symlink():
                raise UserError(f"{path}: is a link; put the file or folder itself there")
            wrapped = wrap(path)
            stays = path.parent == self._layout.skills and path.is_file()
            if stays and self._known(wrapped):
                return None
            skills = self._admit(wrapped, check)
            if not stays:
                self._put_away(path)
        except (SkillweaveError, OSError) as error:
            return self._refuse(path, stamp, str(error))
        except Exception as error:
            log.exception("unexpected error while reading %s", path)
            return self._refuse(path, stamp, f"{path}: {type(error).__name__}: {error}")
        self._refused.pop(path, None)
        warnings = dict.fromkeys(line for item in wrapped for line in item.skill.warnings)
        return Admitted(path=path, skills=tuple(skills), warnings=tuple(warnings))

    def problems(self) -> list[Problem]:
        """What was refused and still lies where it was."""
        for path in [path for path in self._refused if not path.exists()]:
            del self._refused[path]
        return [problem for _, problem in self._refused.values()]

    def _refuse(self, path: Path, stamp: str, message: str) -> Problem | None:
        if not path.exists():
            # Another process that watches the same library took it first.
            return None
        problem = Problem(path=path, message=" ".join(message.split()))
        self._refused[path] = (stamp, problem)
        return problem

    def _known(self, wrapped: Sequence[WrappedSkill]) -> bool:
        """Whether a file that stays in ``skills/`` was taken in before, in exactly this version."""
        return all(
            any(event.digest == item.skill.digest for event in self._ledger.events(item.skill.name))
            for item in wrapped
        )

    def _put_away(self, path: Path) -> None:
        """Move an accepted original to ``drop/.done/``, under a name that is free."""
        if path.parent == self._layout.skills and (path / "SKILL.md").is_file():
            # An adapter's folder, put where its skill's folder is now.
            return
        self._layout.done.mkdir(parents=True, exist_ok=True)
        dest, number = self._layout.done / path.name, 1
        while dest.exists():
            number += 1
            dest = self._layout.done / f"{path.stem}-{number}{path.suffix}"
        try:
            path.rename(dest)
        except FileNotFoundError:
            log.debug("%s was put away by another process", path)


def _visible(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.name[0] not in "._")


def _unfinished(path: Path) -> bool:
    return path.name.lower().endswith(UNFINISHED)


def _is_lone(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()

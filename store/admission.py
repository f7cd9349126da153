"""Admitting a skill: staged beside the library, moved in by one rename, finished after a crash.

Order of an admission: stage the folder (and try it out there), keep a copy as the new version, write
a note of what will be true, swap the folder in, append the event, put the old folder away, delete the
note. A note that is found later tells `recover` how far a killed process came: before the swap nothing
has happened, after it the rest is done. When the event cannot be written, the folders swap back.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from skillweave.skills.atomic import replace_folder
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import SkillweaveError, UserError
from skillweave.skills.folder import content_hash
from skillweave.skills.model import Skill
from skillweave.store.layout import Layout
from skillweave.store.ledger import Event, Ledger
from skillweave.store.versions import keep_copy, keep_version

log = logging.getLogger("skillweave.store")

NOTE = "admission.json"


class Staged(NamedTuple):
    """A skill that is complete on disk, but not in the library."""

    stage: Path
    skill: Skill
    """Its ``path`` is the staged folder."""


@contextmanager
def staged(layout: Layout, wrapped: WrappedSkill) -> Iterator[Staged]:
    """Write ``wrapped`` beside the library; what is still there at the end is removed.

    Raises:
        SkillFormatError: the skill cannot be written as a valid folder.
        UserError: the library cannot be written (a full disk, missing rights), or is gone.
    """
    layout.must_exist()
    stage = layout.staging / secrets.token_hex(8)
    try:
        stage.mkdir(parents=True)
        alive = os.open(stage, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise UserError(f"{wrapped.skill.name}: the library cannot be written: {error}") from error
    try:
        fcntl.flock(alive, fcntl.LOCK_EX)
        try:
            skill = wrapped.write(stage / wrapped.skill.name)
        except OSError as error:
            raise UserError(f"{wrapped.skill.name}: cannot be written: {error}") from error
        yield Staged(stage, skill)
    finally:
        if not (stage / NOTE).exists():
            shutil.rmtree(stage, ignore_errors=True)
        os.close(alive)


def admit(layout: Layout, ledger: Ledger, item: Staged, event: Event) -> Skill:
    """Move a staged skill into ``skills/`` and append ``event``; the caller holds the write lock.

    Raises:
        UserError: the library cannot be written (a full disk, missing rights).
        LibraryDamagedError: the ledger cannot be written.
    """
    skill = item.skill
    event = event.model_copy(update={"skill": skill.name, "digest": skill.digest})
    dest = layout.skills / skill.name
    fresh = item.stage / skill.name
    try:
        layout.skills.mkdir(parents=True, exist_ok=True)
        keep_copy(layout, fresh, skill)
        _write_note(item.stage, event)
        replace_folder(fresh, dest)
        try:
            _enter(ledger, event)
        except BaseException:
            _swap_back(fresh, dest)
            raise
    except (OSError, SkillweaveError) as error:
        (item.stage / NOTE).unlink(missing_ok=True)
        if isinstance(error, SkillweaveError):
            raise
        raise UserError(f"{skill.name}: the library cannot be written: {error}") from error
    try:
        _finish(layout, ledger, item.stage, event)
    except OSError as error:
        log.warning("%s: the earlier version is put away later (%s)", skill.name, error)
    return skill.model_copy(update={"path": dest})


def recover(layout: Layout, ledger: Ledger) -> int:
    """Finish or undo what killed processes left; the caller holds the write lock.

    Returns the number of admissions that were completed.
    """
    finished = 0
    for stage in sorted(layout.staging.iterdir()) if layout.staging.is_dir() else ():
        if _in_use(stage):
            continue
        event = _read_note(stage)
        if event is not None and _is_in(layout, stage, event):
            _finish(layout, ledger, stage, event)
            finished += 1
        shutil.rmtree(stage, ignore_errors=True)
    return finished


def _in_use(stage: Path) -> bool:
    """Whether the process that stages here is alive: it holds a lock on the folder."""
    try:
        handle = os.open(stage, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _is_in(layout: Layout, stage: Path, event: Event) -> bool:
    """Whether the staged folder reached ``skills/``; where swapping takes two steps, help it in."""
    dest = layout.skills / event.skill
    fresh = stage / event.skill
    if not dest.exists() and fresh.exists():
        fresh.rename(dest)
    try:
        return content_hash(dest) == event.digest
    except (SkillweaveError, OSError):
        return False


def _enter(ledger: Ledger, event: Event) -> None:
    if ledger.standing([event.skill])[event.skill].digest != event.digest:
        ledger.append(event)


def _swap_back(fresh: Path, dest: Path) -> None:
    if fresh.exists():
        replace_folder(fresh, dest)
    else:
        dest.rename(fresh)


def _finish(layout: Layout, ledger: Ledger, stage: Path, event: Event) -> None:
    """What follows the swap; may be repeated."""
    _enter(ledger, event)
    aside = stage / f"{event.skill}.old"
    if aside.is_dir():
        aside.rename(stage / event.skill)
    if (stage / event.skill).is_dir():
        keep_version(layout, stage / event.skill)
    (stage / NOTE).unlink()


def _write_note(stage: Path, event: Event) -> None:
    with (stage / NOTE).open("w", encoding="utf-8") as file:
        file.write(event.model_dump_json())
        file.flush()
        os.fsync(file.fileno())


def _read_note(stage: Path) -> Event | None:
    try:
        return Event.model_validate_json((stage / NOTE).read_bytes())
    except (OSError, ValidationError):
        return None

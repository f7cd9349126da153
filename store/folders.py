"""Which folders hold skills, and whether their files changed since they were read."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import NamedTuple

from skillweave.skills.files import ignored
from skillweave.store.catalogue import Origin

TICK = 50_000_000
"""Nanoseconds: two changes of a file that are nearer in time may bear one and the same time stamp."""


class Found(NamedTuple):
    """A folder that should hold a skill."""

    folder: str
    """Plain text: a library may have a hundred thousand folders, and a Path costs as much as a stat."""
    origin: Origin
    stamp: str
    """As `stamp_of`; of files written just now it fits no other, so that they are read once more."""

    @property
    def name(self) -> str:
        """Of the folder itself."""
        return self.folder.rpartition(os.sep)[2]


def stamp_of(path: Path) -> str:
    """Names, sizes, times and inodes of all files under ``path``, as a short digest; empty when gone.

    The time of the last change is among them, which no program can set: an edit that keeps size and
    modification time shows too.
    """
    try:
        if path.is_dir():
            return _digest(_look(str(path)).lines)
        return _digest([_line(path.name, path.stat())])
    except OSError:
        return ""


def folders_in(root: Path, origin: Origin) -> list[Found]:
    """The folders in ``root`` that say they are skills, by name."""
    try:
        names = sorted(os.listdir(root))  # noqa: PTH208 - see `Found.folder`
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = []
    for name in names:
        if name[0] in "._":
            continue
        folder = f"{root}{os.sep}{name}"
        try:
            seen = _look(folder)
        except OSError:
            continue
        if seen.skill:
            found.append(Found(folder, origin, _digest(_dated(seen))))
    return found


class _Seen(NamedTuple):
    """What one pass over a folder tells."""

    lines: list[str]
    """One a file, in no order."""
    skill: bool
    """Whether there is a SKILL.md."""
    newest: int
    """Time of the last change of any file, in nanoseconds."""


def _look(folder: str, prefix: str = "") -> _Seen:
    lines: list[str] = []
    skill, newest = False, 0
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if ignored(name):
                continue
            if entry.is_dir(follow_symlinks=False):
                below = _look(entry.path, f"{prefix}{name}/")
                lines += below.lines
                newest = max(newest, below.newest)
            else:
                status = entry.stat(follow_symlinks=False)
                lines.append(_line(f"{prefix}{name}", status))
                newest = max(newest, status.st_ctime_ns)
                skill = skill or (name == "SKILL.md" and entry.is_file())
    return _Seen(lines, skill, newest)


def _line(name: str, status: os.stat_result) -> str:
    times = f"{status.st_mtime_ns}\0{status.st_ctime_ns}"
    return f"{name}\0{status.st_size}\0{times}\0{status.st_ino}"


def _dated(seen: _Seen) -> list[str]:
    """The lines, with the time of looking while a further change could hide in the same tick."""
    now = time.time_ns()
    return [*seen.lines, str(now)] if abs(now - seen.newest) < TICK else seen.lines


def _digest(lines: list[str]) -> str:
    text = "\n".join(sorted(lines))
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=12).hexdigest()

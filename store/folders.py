"""Which folders hold skills, and whether their files changed since they were read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from skillweave.skills.files import ignored
from skillweave.store.catalogue import Origin


class Found(NamedTuple):
    """A folder that should hold a skill."""

    folder: Path
    origin: Origin
    stamp: str


def stamp_of(path: Path) -> str:
    """Names, sizes and times of all files under ``path``, as a short digest; empty when gone."""
    try:
        if path.is_dir():
            return _stamp_of_folder(str(path))
        status = path.stat()
    except OSError:
        return ""
    told = f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}"
    return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def _entries(folder: str, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if ignored(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path, f"{prefix}{entry.name}/")
            else:
                status = entry.stat(follow_symlinks=False)
                yield f"{prefix}{entry.name}\0{status.st_size}\0{status.st_mtime_ns}\n"


def folders_in(root: Path, origin: Origin) -> list[Found]:
    """The folders in ``root`` that say they are skills, by name."""
    if not root.is_dir():
        return []
    # Plain strings: a library may have a hundred thousand folders, and a Path costs as much as a stat.
    names = sorted(os.listdir(root))  # noqa: PTH208
    paths = (f"{root}{os.sep}{name}" for name in names if name[0] not in "._")
    skills = [path for path in paths if os.path.isfile(f"{path}{os.sep}SKILL.md")]  # noqa: PTH113
    return [Found(Path(path), origin, _stamp_of_folder(path)) for path in skills]


def _stamp_of_folder(path: str) -> str:
    """As `stamp_of`, for a folder."""
    try:
        lines = "".join(sorted(_entries(path, "")))
    except OSError:
        return ""
    return hashlib.blake2b(lines.encode(errors="surrogateescape"), digest_size=12).hexdigest()

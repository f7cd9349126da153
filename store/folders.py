"""Which folders hold skills, and whether their files changed since they were read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from skillweave.store.catalogue import Origin


class Found(NamedTuple):
    """A folder that should hold a skill."""

    folder: Path
    origin: Origin
    stamp: str


def stamp_of(path: Path) -> str:
    """Names, sizes and times of all files under ``path``, as a short digest; empty when gone."""
    total = hashlib.blake2b(digest_size=12)
    try:
        if not path.is_dir():
            status = path.stat()
            total.update(f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}".encode())
            return total.hexdigest()
        for line in sorted(_entries(str(path), "")):
            total.update(line.encode(errors="surrogateescape"))
    except OSError:
        return ""
    return total.hexdigest()


def _entries(folder: str, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name == "__pycache__":
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
    folders = sorted(
        path
        for path in root.iterdir()
        if path.name[0] not in "._" and (path / "SKILL.md").is_file()
    )
    return [Found(folder, origin, stamp_of(folder)) for folder in folders]

"""Folders that appear whole or not at all."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
from pathlib import Path

from skillweave.skills.files import Files

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def write_folder(files: Files, dest: Path) -> None:
    """Write files as the folder ``dest``, replacing what is there in one step.

    After a crash ``dest`` is either the old folder or the new one; at worst a hidden folder
    ``.<name>.<random>`` lies beside it.
    """
    dest.parent.mkdir(parents=True, exist_ok=True)
    fresh = dest.parent / f".{dest.name}.{secrets.token_hex(6)}"
    fresh.mkdir()
    try:
        for name, content in files.items():
            _write(fresh / name, content)
        for parent, _, _ in os.walk(fresh):
            _sync_folder(Path(parent))
        replace_folder(fresh, dest)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def replace_folder(fresh: Path, dest: Path) -> None:
    """Move ``fresh`` to ``dest``; a folder that was there is at ``fresh`` afterwards.

    Where the system cannot swap two folders in one step, a process killed in between leaves the
    old one at ``<fresh>.old``.
    """
    if dest.is_dir() and not dest.is_symlink():
        if not _exchange(fresh, dest):
            aside = fresh.with_name(f"{fresh.name}.old")
            dest.rename(aside)
            fresh.rename(dest)
            aside.rename(fresh)
    else:
        fresh.rename(dest)
    _sync_folder(dest.parent)


def _write(path: Path, content: bytes | Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as target:
        if isinstance(content, Path):
            with content.open("rb") as source:
                shutil.copyfileobj(source, target)
        else:
            target.write(content)
        if _runs(content):
            mode = os.fstat(target.fileno()).st_mode
            os.fchmod(target.fileno(), mode | (mode & 0o444) >> 2)
        target.flush()
        os.fsync(target.fileno())


def _runs(content: bytes | Path) -> bool:
    """Whether the file is to be executable: as it was or, from memory, when it begins with ``#!``."""
    if isinstance(content, Path):
        return bool(content.stat().st_mode & 0o100)
    return content.startswith(b"#!")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two paths in one step; False where the system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    names = os.fsencode(one), os.fsencode(other)
    return bool(renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0)

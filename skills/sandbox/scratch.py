"""The scratch folder between calls: how much is in it, and emptying it.

Standard library only, Python 3.10: this runs on the worker's interpreter.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

DEEPEST = 64


def weight(folder: str, enough: int) -> int:
    """Bytes on disk below a folder, counted no further than ``enough``; deep is too much."""
    total, folders = 0, [(folder, 0)]
    while folders and total <= enough:
        path, depth = folders.pop()
        if depth > DEEPEST:
            return enough + 1
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    total += 4096 + entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        folders.append((entry.path, depth + 1))
        except OSError:
            total += 4096  # the tool is at work in it, or made it unreadable
    return total


def wipe(folder: Path) -> None:
    """Empty a folder that a tool filled, however deep, without following links.

    Folders below are lifted up instead of descended into: no recursion, no path too long.
    """
    while entries := list(folder.iterdir()):
        for entry in entries:
            if is_folder(entry):
                lift(entry, folder)
                entry.rmdir()
            else:
                entry.unlink()


def lift(folder: Path, upper: Path) -> None:
    """Move the folders in ``folder`` up, and remove what else is in it."""
    folder.chmod(0o700)
    for entry in list(folder.iterdir()):
        if is_folder(entry):
            entry.chmod(0o700)
            entry.rename(upper / os.urandom(12).hex())
        else:
            entry.unlink()


def is_folder(path: Path) -> bool:
    return stat.S_ISDIR(path.lstat().st_mode)

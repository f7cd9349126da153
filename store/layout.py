"""Where things lie in a library folder, and the lock that writers hold."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skillweave.skills.errors import UserError

IGNORED = """\
# Made again by `skillweave library rebuild`, all but what is named below.
*
!.gitignore
!history.jsonl
!versions/
!versions/**
"""
ATTRIBUTES = """\
# Skills are known by their bytes: git must not turn line ends.
skills/** -text
.skillweave/** -text
.skillweave/history.jsonl merge=union
"""


class Layout:
    """The paths of a library. ``skills`` is the truth; under ``.skillweave`` all but the ledger
    and the old versions can be rebuilt."""

    def __init__(self, root: Path):
        self.root = root
        self.skills = root / "skills"
        self.drop = root / "drop"
        self.done = self.drop / ".done"
        self.records = root / ".skillweave"
        self.ledger = self.records / "ledger.sqlite"
        self.ledger_server = self.records / "ledger-server"
        self.catalogue = self.records / "index.sqlite"
        self.embeddings = self.records / "embeddings.sqlite"
        self.vectors = self.records / "chroma"
        self.reranker = self.records / "reranker.npz"
        self.staging = self.records / "staging"
        self.versions = self.records / "versions"
        self.history = self.records / "history.jsonl"
        self.lock = self.records / "lock"

    def create(self) -> None:
        """Make the folders that are not there yet.

        Raises:
            UserError: the place is not writable, or a file is in the way.
        """
        try:
            for folder in (self.skills, self.drop, self.staging, self.versions):
                folder.mkdir(parents=True, exist_ok=True)
            for file, text in (
                (self.records / ".gitignore", IGNORED),
                (self.root / ".gitattributes", ATTRIBUTES),
            ):
                if not file.exists():
                    file.write_text(text)
        except OSError as error:
            raise UserError(f"cannot use {self.root} as a library: {error}") from error

    def must_exist(self) -> None:
        """Refuse to go on without the folder.

        Raises:
            UserError: it was deleted or moved away.
        """
        if not self.records.is_dir():
            raise UserError(f"the library is gone: no folder {self.records}")


class WriteLock:
    """One writer at a time, among threads and processes; released by the kernel when one is killed."""

    def __init__(self, path: Path):
        self._path = path
        self._threads = threading.RLock()
        self._depth = 0
        self._owner: int | None = None

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock; the thread that holds it may enter again."""
        with self._threads:
            handle = None
            if self._depth == 0:
                handle = self._acquire(fcntl.LOCK_EX)
                self._owner = threading.get_ident()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0 and handle is not None:
                    self._owner = None
                    os.close(handle)

    @contextmanager
    def shared(self, *, wait: bool = True) -> Iterator[bool]:
        """Keep writers out, while others may share; gives whether that worked without ``wait``."""
        if self._owner == threading.get_ident():
            yield True
            return
        handle = self._acquire(fcntl.LOCK_SH if wait else fcntl.LOCK_SH | fcntl.LOCK_NB)
        try:
            yield handle is not None
        finally:
            if handle is not None:
                os.close(handle)

    def _acquire(self, how: int) -> int | None:
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except FileNotFoundError as error:
            raise UserError(f"the library is gone: no folder {self._path.parent}") from error
        except OSError as error:
            raise UserError(f"cannot lock the library: {error}") from error
        try:
            fcntl.flock(handle, how)
        except BlockingIOError:
            os.close(handle)
            return None
        return handle

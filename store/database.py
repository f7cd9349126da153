"""Opening SQLite files: WAL, patience with other processes, numbered migrations."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from skillweave.skills.errors import LibraryDamagedError, UserError

log = logging.getLogger("skillweave.store")

WAIT_SECONDS = 30.0
PAGE = 4096
"""Bytes of a page, as SQLite has it."""
_REFUSALS = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
)
_REFUSED = (
    "disk is full",
    "No space left",
    "Read-only file system",
    "readonly",
    "Permission denied",
)

T = TypeVar("T")


def is_refused(error: BaseException) -> bool:
    """Whether the system did not let a file be written (a full disk, missing rights); no damage then."""
    if isinstance(error, sqlite3.Error):
        code: int | None = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _REFUSALS
    # Chroma tells the reason in words only.
    return isinstance(error, UserError) or any(reason in str(error) for reason in _REFUSED)


def failure(path: Path, what: str, error: Exception) -> LibraryDamagedError | UserError:
    """The error to raise for ``error``, by who must act; ``what`` as in "cannot be read"."""
    if isinstance(error, UserError):
        return error
    if is_refused(error):
        return UserError(
            f"{path}: cannot be written ({error}); make room, or get the right to write"
        )
    if isinstance(error, LibraryDamagedError):
        return error
    return LibraryDamagedError(f"{path}: {what}: {error}")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """``items`` in pieces of at most ``size``: SQLite limits the values of one statement."""
    listed = list(items)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def open_database(
    path: Path, migrations: Sequence[str], *, durable: bool, page: int = PAGE
) -> sqlite3.Connection:
    """Open (or create) ``path`` and bring it to the newest of ``migrations``.

    The connection is in autocommit mode and may be shared by threads that take turns.

    Args:
        durable: asks for an fsync at every commit; a derived file does without.
        page: bytes of a page of a new file; a row larger than a quarter of it is kept in two places.

    Raises:
        LibraryDamagedError: the file is no database, or was written by a newer skillweave.
        UserError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = sqlite3.connect(
            path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise failure(path, "cannot open", error) from error
    try:
        connection.execute(f"PRAGMA page_size = {page}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        _migrate(connection, path, migrations)
    except sqlite3.Error as error:
        connection.close()
        raise failure(path, "not a usable database", error) from error
    except LibraryDamagedError:
        connection.close()
        raise
    return connection


class Derived:
    """A SQLite file that can be made again: whoever finds it damaged or gone starts an empty one."""

    def __init__(self, path: Path, migrations: Sequence[str], *, page: int = PAGE):
        """Open or create the file, see `open_database`; a damaged one is deleted, with a warning."""
        self.path = path
        self._page = page
        self.lock = threading.RLock()
        self.closed = False
        self._migrations = migrations
        try:
            self._open()
        except LibraryDamagedError as error:
            log.warning("%s; it is made again", error)
            self._delete()
            self._open()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement and give its rows."""
        with self.lock:
            return self.connection.execute(sql, values).fetchall()

    def mend(self) -> None:
        """Start an empty file when this one is damaged, or not the one under its name any more."""
        with self.lock:
            if self.closed:
                return
            try:
                healthy = self.rows("PRAGMA quick_check(1)") == [("ok",)] and self.current()
            except sqlite3.DatabaseError:
                healthy = False
            if not healthy:
                self.connection.close()
                if self.current():
                    self._delete()
                self._open()

    def current(self) -> bool:
        """Whether the open file is still the one under its name."""
        try:
            return self.path.stat().st_ino == self._inode
        except OSError:
            return False

    def close(self) -> None:
        """Close the file; this object must not be used after."""
        with self.lock:
            self.closed = True
            self.connection.close()

    def _open(self) -> None:
        self.connection = open_database(self.path, self._migrations, durable=False, page=self._page)
        self._inode = self.path.stat().st_ino

    def _delete(self) -> None:
        for part in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + part).unlink(missing_ok=True)


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    """Run the migrations that this file has not seen, all or none."""
    if _version(connection) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        if version > len(migrations):
            raise LibraryDamagedError(
                f"{path}: written by a newer skillweave (schema {version}); update skillweave"
            )
        for migration in migrations[version:]:
            for statement in migration.split(";;"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def roll_back(connection: sqlite3.Connection) -> None:
    """End a failed transaction, unless SQLite did so by itself (as on a full disk)."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection) -> int:
    row = connection.execute("PRAGMA user_version").fetchone()
    return int(row[0])

"""The ledger: every event in the life of a skill, append-only; the database itself refuses changes."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field

from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen, SkillState
from skillweave.store.database import failure, open_database, roll_back

EventKind = Literal[
    "added", "updated", "state", "pinned", "unpinned", "used", "succeeded", "failed", "verdict"
]

MOVED = "the ledger was moved; close this program and open the library again"

MIGRATIONS = (
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        skill TEXT NOT NULL,
        digest TEXT NOT NULL DEFAULT '',
        state TEXT,
        author TEXT NOT NULL DEFAULT '',
        run TEXT NOT NULL DEFAULT '',
        detail TEXT NOT NULL DEFAULT ''
    );;
    CREATE INDEX events_skill ON events (skill, id);;
    CREATE TABLE totals (
        skill TEXT PRIMARY KEY,
        state TEXT,
        digest TEXT NOT NULL DEFAULT '',
        pinned INTEGER NOT NULL DEFAULT 0,
        used INTEGER NOT NULL DEFAULT 0,
        succeeded INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;;
    CREATE TRIGGER events_total AFTER INSERT ON events BEGIN
        INSERT OR IGNORE INTO totals (skill) VALUES (new.skill);
        UPDATE totals SET used = 0, succeeded = 0, failed = 0
            WHERE skill = new.skill AND new.kind = 'updated';
        UPDATE totals SET
            state = coalesce(new.state, state),
            digest = CASE WHEN new.kind IN ('added', 'updated') THEN new.digest ELSE digest END,
            pinned = CASE new.kind WHEN 'pinned' THEN 1 WHEN 'unpinned' THEN 0 ELSE pinned END,
            used = used + (new.kind = 'used'),
            succeeded = succeeded + (new.kind = 'succeeded'),
            failed = failed + (new.kind = 'failed')
            WHERE skill = new.skill;
    END;;
    CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN
        SELECT raise(ABORT, 'the ledger is append-only');
    END;;
    CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN
        SELECT raise(ABORT, 'the ledger is append-only');
    END
    """,
)


def _now() -> float:
    return time.time()


class Event(Frozen):
    """One entry of the ledger."""

    kind: EventKind
    skill: str
    digest: str = ""
    state: SkillState | None = None
    """The state the skill is in from here on; None when the event does not change it."""
    author: str = ""
    run: str = ""
    detail: str = ""
    at: float = Field(default_factory=_now)
    """Seconds since 1970, for people; the order of events is that of ``id``."""
    id: int = 0
    """Given by the ledger when the event is appended."""


class Counts(NamedTuple):
    """What happened to the current version of a skill."""

    used: int = 0
    succeeded: int = 0
    failed: int = 0


class Standing(NamedTuple):
    """Where a skill stands: the sum of its events."""

    state: SkillState | None = None
    digest: str = ""
    pinned: bool = False
    counts: Counts = Counts()


class Ledger:
    """Events in a SQLite file; several processes and threads may append at once."""

    def __init__(self, path: Path):
        """Open or create the ledger.

        Raises:
            LibraryDamagedError: the file is damaged. It is a record, not a cache: restore a copy of
                it, or move it away to start an empty one (skills stay, their history is lost).
        """
        self._path = path
        self._lock = threading.Lock()
        self._connection = open_database(path, MIGRATIONS, durable=True)

    def append(self, *events: Event) -> tuple[Event, ...]:
        """Append all events or none; returns them with their ``id``.

        Raises:
            LibraryDamagedError: the database is damaged.
            UserError: it cannot be written (a full disk, missing rights).
        """
        if not self._path.exists():
            raise UserError(f"the library is gone: no file {self._path}")
        written = []
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                for event in events:
                    cursor = self._connection.execute(
                        "INSERT INTO events (at, kind, skill, digest, state, author, run, detail)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        (event.at, event.kind, event.skill, event.digest, event.state,
                         event.author, event.run, event.detail),
                    )  # fmt: skip
                    written.append(event.model_copy(update={"id": cursor.lastrowid or 0}))
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                roll_back(self._connection)
                if MOVED in str(error):
                    raise UserError(MOVED) from error
                raise failure(self._path, "cannot append", error) from error
        return tuple(written)

    def events(self, skill: str | None = None, since: int | None = None) -> list[Event]:
        """Events in order; only those of ``skill``, only those with an id above ``since``."""
        rows = self._rows(
            "SELECT id, at, kind, skill, digest, state, author, run, detail FROM events"
            " WHERE (? OR skill = ?) AND id > ? ORDER BY id",
            (skill is None, skill or "", since or 0),
        )
        names = ("id", "at", "kind", "skill", "digest", "state", "author", "run", "detail")
        return [Event.model_validate(dict(zip(names, row, strict=True))) for row in rows]

    def state(self, skill: str) -> SkillState | None:
        """The current state; None when the ledger does not know the skill."""
        return self.standing([skill])[skill].state

    def counts(self, skill: str) -> Counts:
        """Uses, successes and failures of the current version (an update starts at zero)."""
        return self.standing([skill])[skill].counts

    def standing(self, skills: Collection[str]) -> dict[str, Standing]:
        """Where each of ``skills`` stands; unknown ones stand at the defaults."""
        known = {name: Standing() for name in skills}
        names = list(known)
        for start in range(0, len(names), 500):
            part = names[start : start + 500]
            marks = ",".join("?" * len(part))
            for row in self._rows(
                "SELECT skill, state, digest, pinned, used, succeeded, failed"
                f" FROM totals WHERE skill IN ({marks})",
                part,
            ):
                known[row[0]] = Standing(row[1], row[2], bool(row[3]), Counts(*row[4:]))
        return known

    def requests(
        self, skills: Collection[str] | None = None, since: int = 0
    ) -> dict[str, list[str]]:
        """Verified past requests by skill, oldest first; only of ``skills``, only after ``since``."""
        found: dict[str, list[str]] = {}
        names = None if skills is None else list(skills)
        for start in range(0, 1 if names is None else len(names), 500):
            part = [] if names is None else names[start : start + 500]
            marks = f" AND skill IN ({','.join('?' * len(part))})" if names is not None else ""
            for skill, text in self._rows(
                "SELECT skill, detail FROM events"
                f" WHERE id > ? AND kind = 'succeeded' AND detail != ''{marks} ORDER BY id",
                [since, *part],
            ):
                found.setdefault(skill, []).append(text)
        return found

    def changed_states(self, since: int) -> tuple[set[str], int]:
        """The skills that were given a state after the event ``since``, and the newest event's id."""
        # This first: an event that comes in between is then seen again, not skipped.
        newest = self._rows("SELECT coalesce(max(id), 0) FROM events", ())
        rows = self._rows(
            "SELECT DISTINCT skill FROM events WHERE id > ? AND state IS NOT NULL", (since,)
        )
        return {row[0] for row in rows}, int(newest[0][0])

    def known(self) -> set[str]:
        """The names of all skills that were ever admitted."""
        rows = self._rows("SELECT skill FROM totals WHERE digest != ''", ())
        return {str(row[0]) for row in rows}

    def seal(self) -> None:
        """Let no program append any more, not even those that have it open.

        Raises:
            LibraryDamagedError: the database is damaged.
            UserError: it cannot be written.
        """
        self.unseal()
        self._rows(
            f"CREATE TRIGGER moved BEFORE INSERT ON events BEGIN SELECT raise(ABORT, '{MOVED}'); END",
            (),
        )

    def unseal(self) -> None:
        """Undo `seal`; with the same errors."""
        self._rows("DROP TRIGGER IF EXISTS moved", ())

    def close(self) -> None:
        """Close the file; the ledger must not be used after."""
        with self._lock:
            self._connection.close()

    def _rows(self, sql: str, values: Collection[object]) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._connection.execute(sql, tuple(values)).fetchall()
            except sqlite3.Error as error:
                raise failure(self._path, "cannot read", error) from error

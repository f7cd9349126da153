"""The register of runs: what was asked, in which conversation, and how it ended."""

from __future__ import annotations

import fcntl
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from skillweave.agent.result import Outcome
from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen

Status = Literal["running", "cancelled", "interrupted"] | Outcome
OPEN: frozenset[Status] = frozenset({"running", "cancelled", "interrupted"})
"""States of a run that can be resumed; ``running`` is also what a killed run says of itself."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    thread TEXT NOT NULL,
    task TEXT NOT NULL,
    status TEXT NOT NULL,
    started TEXT NOT NULL,
    ended TEXT
)
"""


class Run(Frozen):
    """One run as the register knows it."""

    id: str
    thread: str
    """The conversation; a run without one is a conversation of its own."""
    task: str
    status: Status
    started: str
    ended: str | None = None


class Runs:
    """The register, in ``state_dir/runs.sqlite``. Several processes may use it at once."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "runs"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = state_dir / "runs.sqlite"
        with self._connect() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_SCHEMA)

    def begin(self, task: str, thread: str | None = None) -> Run:
        """Register a new run."""
        run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        with self._connect() as connection:
            connection.execute(
                "INSERT INTO runs VALUES (?, ?, ?, 'running', ?, NULL)",
                (run, thread or run, task, _now()),
            )
        return self.get(run)

    def end(self, run: str, status: Status) -> None:
        """Say how a run ended."""
        with self._connect() as connection:
            connection.execute(
                "UPDATE runs SET status = ?, ended = ? WHERE id = ?", (status, _now(), run)
            )

    def get(self, run: str) -> Run:
        """A run by its id, or by the beginning of it where only one begins so."""
        found = self._select("WHERE id LIKE ? || '%' ORDER BY id LIMIT 2", run)
        exact = [one for one in found if one.id == run] or found
        if not run or not exact:
            raise UserError(f"there is no run {run!r}; the ids are in {self._file}")
        if len(exact) > 1:
            raise UserError(f"several runs begin with {run!r}")
        return exact[0]

    def last(self, thread: str) -> Run | None:
        """The latest run of a conversation that came to an end."""
        open_states = ", ".join(f"'{status}'" for status in sorted(OPEN))
        where = f"WHERE thread = ? AND status NOT IN ({open_states}) ORDER BY rowid DESC LIMIT 1"
        found = self._select(where, thread)
        return found[0] if found else None

    def list(self, limit: int = 20) -> tuple[Run, ...]:
        """The latest runs, newest first."""
        return self._select("ORDER BY rowid DESC LIMIT ?", limit)

    @contextmanager
    def hold(self, run: str) -> Iterator[None]:
        """Own a run while it works. The system lets go of it when the process dies."""
        folder = self._folder / run
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(f"run {run} is still at work") from None
            yield

    def _select(self, where: str, value: str | int) -> tuple[Run, ...]:
        query = f"SELECT id, thread, task, status, started, ended FROM runs {where}"
        with self._connect() as connection:
            rows = connection.execute(query, (value,)).fetchall()
        return tuple(
            Run.model_validate(dict(zip(Run.model_fields, row, strict=True))) for row in rows
        )

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, timeout=10)) as connection, connection:
            yield connection


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

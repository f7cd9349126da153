"""The ledger in PostgreSQL, for libraries whose users sit on several machines.

Each library has a schema of its own. Passwords come from libpq's usual places (``~/.pgpass``,
``PGPASSWORD``), never from the library's folder.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from skillweave.skills.errors import LibraryDamagedError, SettingsError, UserError
from skillweave.store.ledger import MOVED, Event, Ledger
from skillweave.store.server import Server

if TYPE_CHECKING:
    import psycopg

SCHEMES = ("postgresql", "postgres")

MIGRATIONS = (
    """
    CREATE TABLE events (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at DOUBLE PRECISION NOT NULL,
        kind TEXT NOT NULL,
        skill TEXT NOT NULL,
        digest TEXT NOT NULL,
        state TEXT,
        author TEXT NOT NULL,
        run TEXT NOT NULL,
        detail TEXT NOT NULL
    );
    CREATE INDEX events_skill ON events (skill, id);
    CREATE TABLE totals (
        skill TEXT PRIMARY KEY,
        state TEXT,
        digest TEXT NOT NULL DEFAULT '',
        pinned INTEGER NOT NULL DEFAULT 0,
        used INTEGER NOT NULL DEFAULT 0,
        succeeded INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0
    );
    CREATE FUNCTION tally() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ BEGIN
        INSERT INTO totals (skill) VALUES (new.skill) ON CONFLICT DO NOTHING;
        UPDATE totals SET used = 0, succeeded = 0, failed = 0
            WHERE skill = new.skill AND new.kind = 'updated';
        UPDATE totals SET
            state = coalesce(new.state, state),
            digest = CASE WHEN new.kind IN ('added', 'updated') THEN new.digest ELSE digest END,
            pinned = CASE new.kind WHEN 'pinned' THEN 1 WHEN 'unpinned' THEN 0 ELSE pinned END,
            used = used + (new.kind = 'used')::int,
            succeeded = succeeded + (new.kind = 'succeeded')::int,
            failed = failed + (new.kind = 'failed')::int
            WHERE skill = new.skill;
        RETURN NULL;
    END $$;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION '%', TG_ARGV[0];
    END $$;
    CREATE TRIGGER events_total AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION tally();
    CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events
        FOR EACH STATEMENT EXECUTE FUNCTION refuse('the ledger is append-only');
    """,
)


class PostgresLedger(Ledger):
    """A `Ledger` on a server; a connection that broke is opened again at the next use."""

    def __init__(self, server: Server):
        """Open or create the ledger.

        Raises:
            SettingsError: the extra ``postgres`` is not installed.
            UserError: no server answers, or it does not let us in.
        """
        self._server = server
        self._lock = threading.Lock()
        self._link: psycopg.Connection[tuple[Any, ...]] | None = None
        with self._lock, self._told("open"):
            self._ready()

    def append(self, *events: Event) -> tuple[Event, ...]:
        """See `Ledger.append`."""
        written = []
        with self._lock, self._told("append"):
            link = self._ready()
            with link.transaction():
                # One writer at a time: numbers become visible in their order.
                link.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [self._server.prefix])
                for event in events:
                    cursor = link.execute(
                        "INSERT INTO events (at, kind, skill, digest, state, author, run, detail)"
                        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
                        (event.at, event.kind, event.skill, event.digest, event.state,
                         event.author, event.run, event.detail.replace("\0", "")),
                    )  # fmt: skip
                    [(number,)] = cursor.fetchall()
                    written.append(event.model_copy(update={"id": number}))
        return tuple(written)

    def seal(self) -> None:
        """See `Ledger.seal`."""
        self.unseal()
        with self._lock, self._told("append"):
            self._ready().execute(
                "CREATE TRIGGER moved BEFORE INSERT ON events"
                f" FOR EACH STATEMENT EXECUTE FUNCTION refuse('{MOVED}')"
            )

    def unseal(self) -> None:
        """See `Ledger.unseal`."""
        with self._lock, self._told("append"):
            self._ready().execute("DROP TRIGGER IF EXISTS moved ON events")

    def close(self) -> None:
        """Close the connection; the ledger must not be used after."""
        with self._lock:
            if self._link is not None:
                self._link.close()

    def _rows(self, sql: str, values: Collection[object]) -> list[tuple[Any, ...]]:
        with self._lock, self._told("read"):
            return self._ready().execute(sql.replace("?", "%s").encode(), tuple(values)).fetchall()

    def _ready(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that works."""
        import psycopg

        if self._link is not None:
            try:
                self._link.execute("SELECT 1")
                return self._link
            except psycopg.OperationalError:
                self._link.close()
        schema = self._server.prefix
        self._link = psycopg.connect(
            self._server.url,
            autocommit=True,
            connect_timeout=10,
            options=f"-c search_path={schema} -c client_min_messages=warning",
            application_name="skillweave",
        )
        self._migrate(self._link)
        return self._link

    def _migrate(self, link: psycopg.Connection[tuple[Any, ...]]) -> None:
        with link.transaction():
            link.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [self._server.prefix])
            link.execute(f'CREATE SCHEMA IF NOT EXISTS "{self._server.prefix}"'.encode())
            link.execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)")
            [(done,)] = link.execute("SELECT count(*) FROM migrations").fetchall()
            if done > len(MIGRATIONS):
                raise LibraryDamagedError(
                    f"{self._where}: written by a newer skillweave; update it"
                )
            for number, migration in enumerate(MIGRATIONS[done:], start=done):
                link.execute(migration.encode())
                link.execute("INSERT INTO migrations VALUES (%s)", [number])

    @property
    def _where(self) -> str:
        return f"the ledger on {self._server.url}"

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Nothing of psycopg's own gets out."""
        try:
            import psycopg
        except ImportError as error:
            raise SettingsError(
                "a ledger in PostgreSQL needs: pip install 'skillweave[postgres]'"
            ) from error
        try:
            yield
        except psycopg.Error as error:
            reason = " ".join(str(error).split("\n", 1)[0].split())
            if MOVED in reason:
                raise UserError(MOVED) from error
            message = f"{self._where}: cannot {what}: {reason}"
            if isinstance(error, psycopg.OperationalError | psycopg.errors.InsufficientPrivilege):
                raise UserError(message) from error
            raise LibraryDamagedError(message) from error

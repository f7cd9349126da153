"""Where a library's ledger lies: in its own folder, or in the PostgreSQL database that a file names."""

from __future__ import annotations

from pathlib import Path

from skillweave.store.layout import Layout, WriteLock
from skillweave.store.ledger import Ledger
from skillweave.store.postgres import SCHEMES, PostgresLedger
from skillweave.store.server import read_server, server_at, write_server


def open_ledger(layout: Layout) -> Ledger:
    """The ledger of a library; the write lock is held.

    Raises:
        LibraryDamagedError: the ledger is damaged.
        UserError: its server does not answer.
    """
    server = read_server(layout.ledger_server)
    ledger = Ledger(layout.ledger) if server is None else PostgresLedger(server)
    # A seal on the ledger that is in use is left of a move that was killed.
    ledger.unseal()
    return ledger


def move_ledger(root: Path | str, url: str | None) -> int:
    """Keep a library's ledger in the PostgreSQL database at ``url``, or (None) in its folder again.

    Programs that have the library open are told so at their next change, and must open it again.
    Gives the number of events.

    Raises:
        UserError: it is no URL, no server answers, or the library is gone.
        LibraryDamagedError: the ledger is damaged.
    """
    layout = Layout(Path(root).expanduser().absolute())
    layout.must_exist()
    server = None if url is None else server_at(url, SCHEMES)
    with WriteLock(layout.lock).exclusive():
        old = open_ledger(layout)
        try:
            old.seal()
            fresh = layout.ledger.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            new = Ledger(fresh) if server is None else PostgresLedger(server)
            try:
                events = new.append(*old.events())
            finally:
                new.close()
            if server is None:
                for part in ("-wal", "-shm"):
                    layout.ledger.with_name(layout.ledger.name + part).unlink(missing_ok=True)
                fresh.replace(layout.ledger)
            write_server(layout.ledger_server, server)
        except BaseException:
            old.unseal()
            raise
        finally:
            old.close()
    return len(events)

"""The ledger in a real PostgreSQL server (Debian: ``apt-get install postgresql``)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.agent.cli.app import app
from skillweave.skills import LibraryDamagedError, UserError
from skillweave.store import Event, HashEmbedder, Ledger, Library
from skillweave.store.ledger import Counts
from skillweave.store.ledgers import move_ledger
from skillweave.store.postgres import PostgresLedger
from skillweave.store.server import Server

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


class PostgresServer:
    """A server of its own in a folder of its own, for whoever comes over loopback."""

    def __init__(self) -> None:
        found = shutil.which("initdb")
        if not PROGRAMS and found is None:
            pytest.skip("no PostgreSQL here (Debian: apt-get install postgresql)")
        self._programs = PROGRAMS[-1].parent if PROGRAMS else Path(str(found)).parent
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        # PostgreSQL refuses to run as root; its package brings a user.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._folder, self._user)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._run("initdb", "-U", "tester", "-A", "trust", "-D", "data", "--no-sync")
        self.url = f"postgresql://tester@127.0.0.1:{self._port}/postgres"
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            cwd=self._folder,
            user=self._user,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> None:
        options = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1"
        self._run("pg_ctl", "-D", "data", "-o", options, "-l", "log", "-w", "-t", "120", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", "data", "-m", "fast", "-w", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    started = PostgresServer()
    yield started
    started.remove()


@pytest.fixture
def ledger(server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[Ledger]:
    opened = PostgresLedger(Server(server.url, f"at_{abs(hash(request.node.name)):x}"))
    yield opened
    opened.close()


def opened(root: Path) -> Library:
    return Library(root, embedder=HashEmbedder(), builtin=False)


def guide(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    (path / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {text}\n---\n\n{text}\n")
    return path


def test_it_answers_as_the_one_in_a_file_does(ledger: Ledger, tmp_path: Path) -> None:
    events = (
        Event(kind="added", skill="a", digest="d1", state="probation", author="human", at=2.0),
        Event(kind="used", skill="a", run="r1", detail="50 % of 'x'?", at=1.0),
        Event(kind="failed", skill="a"),
        Event(kind="added", skill="b", digest="d2", state="active"),
        Event(kind="updated", skill="a", digest="d3", state="active"),
        Event(kind="succeeded", skill="a", detail="add two numbers"),
        Event(kind="pinned", skill="b"),
        Event(kind="state", skill="b", state="stale"),
        Event(kind="used", skill="c"),
    )
    file = Ledger(tmp_path / "ledger.sqlite")
    for one in (file, ledger):
        assert one.append(*events[:2]) + one.append(*events[2:]) == tuple(one.events())
    names = ["a", "b", "c", "nobody"]
    assert ledger.events() == file.events()
    assert ledger.events(skill="b", since=4) == file.events(skill="b", since=4)
    assert ledger.standing(names) == file.standing(names)
    assert ledger.known() == file.known() == {"a", "b"}
    assert ledger.changed_states(4) == file.changed_states(4)
    assert ledger.counts("a") == Counts(0, 1, 0)
    assert ledger.state("nobody") is None
    file.close()


@pytest.mark.parametrize(
    "sql", ["UPDATE events SET at = 0", "DELETE FROM events", "TRUNCATE events"]
)
def test_the_database_refuses_changes(ledger: Ledger, sql: str) -> None:
    ledger.append(Event(kind="used", skill="a"))
    with pytest.raises(LibraryDamagedError, match="append-only"):
        ledger._rows(sql, ())
    assert len(ledger.events()) == 1


def test_threads_append_at_once_in_order(server: PostgresServer) -> None:
    ledgers = [PostgresLedger(Server(server.url, "crowd")) for _ in range(3)]

    def append(ledger: Ledger) -> None:
        for _ in range(20):
            ledger.append(Event(kind="used", skill="a"), Event(kind="failed", skill="a"))

    threads = [threading.Thread(target=append, args=[ledger]) for ledger in ledgers * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledgers[0].counts("a") == Counts(120, 0, 120)
    ids = [event.id for event in ledgers[1].events()]
    assert ids == sorted(set(ids))
    for ledger in ledgers:
        ledger.close()


def test_a_library_moves_there_and_back(server: PostgresServer, tmp_path: Path) -> None:
    root = tmp_path / "library"
    with opened(root) as library:
        first = library.add(guide(tmp_path, "one", "boil eggs"), state="active")
        library.add(guide(tmp_path, "two", "mow lawns"), state="active")
        library.archive("two")
        before = library.history("one")
    with opened(root) as still_open:
        assert move_ledger(root, server.url) == 3
        with pytest.raises(UserError, match="the ledger was moved"):
            still_open.add(guide(tmp_path, "three", "catch fish"))
        assert not (root / "skills" / "three").exists()
    with opened(root) as library:
        assert library.history("one") == before
        assert library.entry("two").state == "archived"
        library.add(guide(tmp_path, "one", "fry eggs"), state="active")
        library.rollback("one", "1")
        library.record("one", "succeeded", run="r")
        library.rebuild()
        assert library.check() == []
        assert library.get("one").digest == first.digest
        assert library.search("boil eggs")[0].skill.name == "one"
        history = library.history("one")
        assert [event.kind for event in history] == ["added", "updated", "updated", "succeeded"]

        server.stop()
        with pytest.raises(UserError, match="the ledger on postgresql"):
            library.add(guide(tmp_path, "four", "bake bread"))
        assert not (root / "skills" / "four").exists()
        server.start()
        library.add(guide(tmp_path, "four", "bake bread"))
    command = ["--library", str(root), "library", "ledger", "--local"]
    done = CliRunner().invoke(app, command)
    assert (done.exit_code, done.stdout) == (0, "7 events now lie in the folder\n")
    with opened(root) as library:
        assert library.history("one") == history
        assert library.check() == []
        assert {entry.skill.name for entry in library.entries()} == {"one", "two", "four"}
        library.archive("four")


def test_a_move_that_fails_changes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "library"
    with opened(root) as library:
        library.add(guide(tmp_path, "one", "boil eggs"))
        for url, reason in (
            ("nowhere", "is no server"),
            ("postgresql://me:secret@127.0.0.1/x", "no place for a password"),
            ("postgresql://me@127.0.0.1:9/x", "cannot open"),
        ):
            with pytest.raises(UserError, match=reason) as caught:
                move_ledger(root, url)
            assert "\n" not in str(caught.value)
        library.archive("one")
        assert library.check() == []

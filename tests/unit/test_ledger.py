"""The ledger: append-only, in order, shared by processes and threads."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillweave.skills.errors import LibraryDamagedError
from skillweave.store.ledger import Counts, Event, EventKind, Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def test_events_come_back_in_order_with_ids(ledger: Ledger) -> None:
    first = Event(kind="added", skill="a", digest="d1", state="probation", author="human", at=2.0)
    second = Event(kind="used", skill="a", run="r1", detail="x", at=1.0)
    other = Event(kind="added", skill="b", digest="d2")
    written = ledger.append(first, second) + ledger.append(other)
    assert [event.id for event in written] == [1, 2, 3]
    assert ledger.events() == list(written)
    assert ledger.events(skill="a") == list(written[:2])
    assert ledger.events(since=2) == [written[2]]
    assert written[0].model_copy(update={"id": 0}) == first


def test_unknown_skill_has_no_state_and_no_counts(ledger: Ledger) -> None:
    assert ledger.state("nobody") is None
    assert ledger.counts("nobody") == Counts(0, 0, 0)


def test_state_is_the_last_one_given(ledger: Ledger) -> None:
    ledger.append(Event(kind="added", skill="a", state="probation"), Event(kind="used", skill="a"))
    assert ledger.state("a") == "probation"
    ledger.append(Event(kind="state", skill="a", state="archived"))
    assert ledger.state("a") == "archived"


def test_update_starts_the_counts_anew(ledger: Ledger) -> None:
    ledger.append(*(Event(kind="failed", skill="a") for _ in range(3)))
    assert ledger.counts("a") == Counts(0, 0, 3)
    ledger.append(Event(kind="updated", skill="a", digest="d2"), Event(kind="used", skill="a"))
    assert ledger.counts("a") == Counts(1, 0, 0)


def test_pin_and_unpin(ledger: Ledger) -> None:
    ledger.append(Event(kind="pinned", skill="a"))
    assert ledger.standing(["a"])["a"].pinned
    ledger.append(Event(kind="unpinned", skill="a"))
    assert not ledger.standing(["a"])["a"].pinned


@pytest.mark.parametrize("sql", ["DELETE FROM events", "UPDATE events SET kind = 'used'"])
def test_the_database_refuses_changes(tmp_path: Path, ledger: Ledger, sql: str) -> None:
    ledger.append(Event(kind="added", skill="a"))
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    try:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(sql)
    finally:
        connection.close()
    assert len(ledger.events()) == 1


def test_reopening_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    for run in ("1", "2"):
        ledger = Ledger(path)
        ledger.append(Event(kind="used", skill="a", run=run))
        ledger.close()
    ledger = Ledger(path)
    assert [event.run for event in ledger.events()] == ["1", "2"]
    assert ledger.counts("a").used == 2
    ledger.close()


def test_garbage_and_newer_files_are_refused_and_left_alone(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.sqlite"
    garbage.write_bytes(b"this is no database " * 100)
    with pytest.raises(LibraryDamagedError, match=r"garbage\.sqlite"):
        Ledger(garbage)
    assert garbage.read_bytes().startswith(b"this is no database")
    newer = tmp_path / "newer.sqlite"
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LibraryDamagedError, match="newer skillweave"):
        Ledger(newer)


def test_threads_append_at_once(tmp_path: Path) -> None:
    ledgers = [Ledger(tmp_path / "ledger.sqlite") for _ in range(3)]

    def work(ledger: Ledger) -> None:
        for number in range(20):
            ledger.append(Event(kind="used", skill="a", run=str(number)))

    threads = [threading.Thread(target=work, args=(ledger,)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledgers[0].counts("a").used == 60
    ids = [event.id for event in ledgers[0].events()]
    assert ids == sorted(set(ids))
    for ledger in ledgers:
        ledger.close()


KINDS: tuple[EventKind, ...] = ("added", "updated", "used", "succeeded", "failed", "pinned")


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(["a", "b"])), max_size=30))
def test_totals_are_the_sum_of_the_events(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[EventKind, str]]
) -> None:
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger.sqlite")
    ledger.append(*(Event(kind=kind, skill=skill) for kind, skill in history))
    for skill in ("a", "b"):
        kinds = [kind for kind, name in history if name == skill]
        if "updated" in kinds:
            kinds = kinds[len(kinds) - kinds[::-1].index("updated") :]
        wanted = Counts(kinds.count("used"), kinds.count("succeeded"), kinds.count("failed"))
        assert ledger.counts(skill) == wanted
    ledger.close()

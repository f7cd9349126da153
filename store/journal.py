"""The ledger as text beside the folders, so that a library is whole in git.

One event a line, in order. The text follows the ledger; it is read only where it tells more, after
``git clone`` or ``git pull``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from skillweave.store.ledger import Event, Ledger

log = logging.getLogger("skillweave.store")

_TAIL = 64 * 1024
_NEVER = 2**62
"""A number that no event has."""


class Journal:
    """The text file; its user holds the library's write lock."""

    def __init__(self, path: Path, ledger: Ledger):
        self._path = path
        self._ledger = ledger

    def follow(self) -> None:
        """Write the events that are not in the text yet; where that fails, the next time will do.

        A text that tells what the ledger does not know, as after ``git clone`` or ``git pull``, is
        read into the ledger first.

        Raises:
            LibraryDamagedError: the ledger cannot be read or written.
        """
        try:
            with self._path.open("a+b") as file:
                end, last = _last_event(file.fileno())
                events = self._ledger.events(since=last.id - 1 if last else 0)
                if last is None or events[:1] == [last]:
                    os.ftruncate(file.fileno(), end)
                    file.write(_text(events[1:] if last else events))
                    return
            self._ledger.append(*self._unknown())
            fresh = self._path.with_suffix(".new")
            fresh.write_bytes(_text(self._ledger.events()))
            fresh.replace(self._path)
        except OSError as error:
            log.warning("%s: not written (%s)", self._path, error)

    def _unknown(self) -> list[Event]:
        """The events of the text that the ledger does not hold, under whatever number."""
        known = {_unnumbered(event) for event in self._ledger.events()}
        told: dict[Event, None] = {}
        for number, line in enumerate(self._path.read_bytes().splitlines(), start=1):
            try:
                told[_unnumbered(Event.model_validate_json(line))] = None
            except ValidationError:
                log.warning("%s:%d: is no event; left out", self._path, number)
        return [event for event in told if event not in known]


def _last_event(file: int) -> tuple[int, Event | None]:
    """Where the last whole line ends, and its event."""
    size = os.fstat(file).st_size
    tail = os.pread(file, _TAIL, max(0, size - _TAIL))
    whole, newline, rest = tail.rpartition(b"\n")
    if not newline:
        return 0, None
    try:
        return size - len(rest), Event.model_validate_json(whole.rpartition(b"\n")[2])
    except ValidationError:
        return size - len(rest), Event(kind="state", skill="", id=_NEVER)


def _text(events: Sequence[Event]) -> bytes:
    return "".join(f"{event.model_dump_json(exclude_defaults=True)}\n" for event in events).encode()


def _unnumbered(event: Event) -> Event:
    return event.model_copy(update={"id": 0})

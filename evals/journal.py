"""The folder of a run: manifest, one record a line, traces, summary. Survives a kill at any point.

::

    manifest.json   what was run, on what, with what
    results.jsonl   one `Record` a line, appended and flushed to the disk
    traces/         the trace of every sample
    summary.json    the figures; the same for the same records, whatever the clock said
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from skillweave.evals.manifest import Manifest
from skillweave.evals.record import Key, Record
from skillweave.skills.errors import UserError

M = TypeVar("M", bound=BaseModel)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Journal:
    """Reads and writes the folder of one run. `append` may be called from several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._results = folder / "results.jsonl"
        self._lock = threading.Lock()

    @property
    def begun(self) -> bool:
        """Whether a run was begun here."""
        return (self.folder / "manifest.json").is_file()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Own the folder; the system lets go of it when the process dies.

        Raises:
            UserError: another process works here.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(f"{self.folder}: another run is at work here") from None
            yield

    def manifest(self) -> Manifest:
        """What was begun here."""
        return read_json(self.folder / "manifest.json", Manifest)

    def write(self, name: str, value: BaseModel) -> None:
        """A JSON file, whole or not at all."""
        replace_file(self.folder / name, value.model_dump_json(indent=2) + "\n")

    def records(self) -> dict[Key, Record]:
        """All records; of several of one sample the last, and without a line that a kill cut off."""
        if not self._results.is_file():
            return {}
        found: dict[Key, Record] = {}
        lines = self._results.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines[:-1], start=1):
            try:
                record = Record.model_validate_json(line)
            except ValidationError as error:
                reason = error.errors()[0]["msg"]
                raise UserError(f"{self._results}:{number}: {reason}; remove the line") from None
            found[record.key] = record
        return found

    def keep(self, keys: Collection[Key]) -> dict[Key, Record]:
        """Forget all other records; gives those that are left."""
        left = {key: record for key, record in self.records().items() if key in keys}
        lines = [record.model_dump_json() + "\n" for record in left.values()]
        replace_file(self._results, "".join(lines))
        return left

    def append(self, record: Record) -> None:
        """One more record; on the disk when this returns."""
        line = record.model_dump_json() + "\n"
        with self._lock, self._results.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def keep_trace(self, key: Key, source: Path) -> str:
        """Copy a sample's trace; its place in the folder, or nothing when there is no trace."""
        if not source.is_file():
            return ""
        name = _UNSAFE.sub("_", key.sample)
        place = Path("traces", f"{_UNSAFE.sub('_', key.arm)}-{key.seed}", f"{name}.jsonl")
        (self.folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, self.folder / place)
        return place.as_posix()


def replace_file(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def read_json(path: Path, kind: type[M]) -> M:
    """A JSON file as a value.

    Raises:
        UserError: it is missing, or something else.
    """
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise UserError(f"{path}: {error.errors()[0]['msg']}") from None

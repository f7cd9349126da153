"""Measurements that are no suites (they have no samples and arms), in the same runner and report.

Each is a command of ``skillweave eval`` that writes figures with their command, machine and versions;
here it runs as a process of its own, and its figures become tables.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from skillweave.evals.journal import read_json, replace_file
from skillweave.evals.manifest import source_hash
from skillweave.evals.suite import Table
from skillweave.skills.errors import SkillweaveError, UserError
from skillweave.skills.model import Frozen

PROGRAM = (sys.executable, "-c", "from skillweave.agent.cli.app import main; main()")
FIGURES, MANIFEST = "figures.json", "bench.json"
_ONE = ("median", "mean", "share")
"""Members of a measured value that stand for it in a table."""
Cell = str | int | float | None


class BenchError(SkillweaveError):
    """A bench ended without figures."""


class Bench(Frozen):
    """A command of ``skillweave eval`` with ``--out``."""

    name: str
    about: str
    arguments: tuple[str, ...]
    reads_data: bool = False
    """Whether it takes ``--data``."""


class BenchManifest(Frozen):
    """What was run."""

    name: str
    about: str
    command: str
    made: str
    source: str
    """sha256 of the program."""


@dataclass(frozen=True)
class BenchRun:
    """The figures of a bench, read."""

    folder: Path
    manifest: BenchManifest
    figures: JsonValue


BENCHES: dict[str, Bench] = {
    one.name: one
    for one in (
        Bench(
            name="retrieval",
            about="the right skill among many: MetaTool and BFCL, with each ranking term left out",
            arguments=("retrieval",),
            reads_data=True,
        ),
        Bench(
            name="serving",
            about="many adapters in one batch: the plugin, stock vLLM, and PEFT",
            arguments=("serving", "--size", "12m"),
        ),
    )
}


def run_bench(bench: Bench, home: Path, data: Path | None, *, resume: bool) -> BenchRun:
    """Measure, unless the folder holds the figures already.

    Raises:
        UserError: it does, and nobody said to go on with them.
        BenchError: the command failed; what it said stands above.
    """
    if (home / MANIFEST).is_file():
        if not resume:
            raise UserError(f"{home} holds a run; --resume goes on with it")
        return read_bench(home)
    work = home / ".unfinished"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    arguments = ["eval", *bench.arguments, "--out", str(work / FIGURES)]
    if bench.reads_data and data is not None:
        arguments += ["--data", str(data)]
    done = subprocess.run([*PROGRAM, *arguments], stdin=subprocess.DEVNULL, check=False)
    if done.returncode or not (work / FIGURES).is_file():
        raise BenchError(f"{bench.name}: its command ended with {done.returncode} and no figures")
    for file in work.iterdir():
        file.replace(home / file.name)
    work.rmdir()
    manifest = BenchManifest(
        name=bench.name,
        about=bench.about,
        command=" ".join(["skillweave eval", *bench.arguments]),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        source=source_hash(),
    )
    replace_file(home / MANIFEST, manifest.model_dump_json(indent=2) + "\n")
    return read_bench(home)


def read_bench(home: Path) -> BenchRun:
    """One finished bench."""
    try:
        figures: JsonValue = json.loads((home / FIGURES).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{home / FIGURES}: cannot be read: {error}") from None
    return BenchRun(home, read_json(home / MANIFEST, BenchManifest), figures)


def benches_in(folder: Path) -> list[BenchRun]:
    """The finished benches of a folder, or of the folders in it."""
    homes = (folder, *sorted(folder.glob("*/")))
    return [read_bench(home) for home in homes if (home / MANIFEST).is_file()]


def tables_of(figures: JsonValue) -> tuple[Table, ...]:
    """Every list of objects in the figures as a table, their measured values as single numbers."""
    if not isinstance(figures, dict):
        return ()
    found = []
    for name, value in figures.items():
        rows = list(_rows(value, {})) if isinstance(value, list) else []
        columns = tuple(dict.fromkeys(column for row in rows for column in row))
        if columns:
            filled = tuple(tuple(row.get(column) for column in columns) for row in rows)
            title = name.replace("_", " ")
            found.append(Table(title=title, note="", columns=columns, rows=filled))
    return tuple(found)


def notes_of(figures: JsonValue) -> tuple[str, ...]:
    """What the figures say of themselves."""
    notes = figures.get("notes") if isinstance(figures, dict) else None
    return tuple(str(note) for note in notes) if isinstance(notes, list) else ()


def _rows(items: list[JsonValue], above: dict[str, Cell]) -> Iterator[dict[str, Cell]]:
    """An item's numbers and words; lists of objects within it give rows that repeat them."""
    for item in items:
        if not isinstance(item, dict):
            continue
        told = {name: _cell(value) for name, value in item.items()}
        row = {**above, **{name: cell for name, cell in told.items() if cell is not None}}
        below = [value for value in item.values() if isinstance(value, list)]
        inner = [one for value in below for one in _rows(value, row)]
        if inner:
            yield from inner
        elif row:
            yield row


def _cell(value: JsonValue) -> Cell:
    if isinstance(value, dict):
        return next((_cell(value[name]) for name in _ONE if name in value), None)
    if isinstance(value, list) or value is None:
        return None
    return str(value) if isinstance(value, bool) else value

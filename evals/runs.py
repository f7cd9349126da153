"""Finished runs on disk: one folder a suite, or a folder of such folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skillweave.evals.journal import Journal, read_json
from skillweave.evals.manifest import Manifest
from skillweave.evals.record import Record
from skillweave.evals.summary import Summary
from skillweave.skills.errors import UserError


@dataclass(frozen=True)
class SuiteRun:
    """One run of one suite, read."""

    folder: Path
    manifest: Manifest
    summary: Summary
    records: tuple[Record, ...]

    @property
    def suite(self) -> str:
        return self.summary.suite


def runs_in(folder: Path) -> list[SuiteRun]:
    """The runs of a folder, by suite.

    Raises:
        UserError: there is none, or its files cannot be read.
    """
    found = [home for home in (folder, *sorted(folder.glob("*/"))) if is_run(home)]
    if not found:
        raise UserError(f"{folder}: holds no finished run; see `skillweave eval run`")
    return [read_run(home) for home in found]


def is_run(folder: Path) -> bool:
    """Whether a run came to a summary there."""
    return (folder / "manifest.json").is_file() and (folder / "summary.json").is_file()


def read_run(folder: Path) -> SuiteRun:
    """One run."""
    journal = Journal(folder)
    records = journal.records().values()
    return SuiteRun(
        folder=folder,
        manifest=journal.manifest(),
        summary=read_json(folder / "summary.json", Summary),
        records=tuple(sorted(records, key=lambda record: record.key)),
    )

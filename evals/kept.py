"""Results of suites that are committed: manifest and summary of a run, without traces and records."""

from __future__ import annotations

from pathlib import Path

from skillweave.evals.journal import read_json, replace_file
from skillweave.evals.manifest import Manifest
from skillweave.evals.runs import runs_in
from skillweave.evals.summary import Summary
from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen

SUITES = "suites"


class Kept(Frozen):
    """One run of one suite, as far as it is committed."""

    manifest: Manifest
    summary: Summary


def keep(folder: Path, figures: Path) -> list[Path]:
    """Write the runs of a folder to ``figures/suites/NAME.json``.

    Raises:
        UserError: a run is not complete, or had errors; such figures are not for a README.
    """
    runs = runs_in(folder)
    for run in runs:
        errors = sum(arm.statuses.get("error", 0) for arm in run.summary.arms)
        if not run.summary.complete or errors:
            why = f"{errors} trials ended in an error" if errors else "it is not complete"
            raise UserError(f"{run.folder}: {why}; `skillweave eval run ... --resume --again`")
    written = []
    for run in runs:
        path = figures / SUITES / f"{run.suite}.json"
        kept = Kept(manifest=run.manifest, summary=run.summary)
        replace_file(path, kept.model_dump_json(indent=2) + "\n")
        written.append(path)
    return written


def kept_in(figures: Path) -> list[Kept]:
    """All committed runs, by name."""
    return [read_json(path, Kept) for path in sorted((figures / SUITES).glob("*.json"))]

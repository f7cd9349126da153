"""A close look at a library: do folders, ledger and requirements agree?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skillweave.skills.errors import SkillweaveError
from skillweave.skills.folder import content_hash
from skillweave.store.layout import Layout
from skillweave.store.ledger import Ledger
from skillweave.store.reading import Entry
from skillweave.store.sync import Problem


def examine(entries: Sequence[Entry], ledger: Ledger, layout: Layout) -> list[Problem]:
    """What a person must mend, one line each."""
    problems = []
    names = {entry.skill.name for entry in entries}
    for entry in entries:
        skill = entry.skill
        path = skill.path or layout.skills / skill.name
        try:
            if content_hash(path) != skill.digest:
                problems.append(_problem(path, "changed while it was read; sync again"))
        except (SkillweaveError, OSError) as error:
            problems.append(Problem(path=path, message=str(error)))
        missing = [name for name in skill.requires if name not in names]
        if missing:
            problems.append(_problem(path, f"requires {', '.join(missing)}, which is not there"))
    if (layout.root / ".git").exists():
        problems += [
            _problem(path.parent, "git would keep only a link to it; delete its own .git folder")
            for path in sorted(layout.skills.glob("*/.git"))
        ]
    for name in sorted(ledger.known() - names):
        path = layout.skills / name
        problems.append(
            _problem(path, "was admitted, but its folder is gone; restore or forget it")
        )
    return problems


def _problem(path: Path, message: str) -> Problem:
    return Problem(path=path, message=f"{path}: {message}")

"""Which versions of tools passed their own cases here. Each version is run once per sandbox lane."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Protocol

from skillweave.skills.cases import CasesReport, Runner, run_cases
from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen, Skill
from skillweave.skills.sandbox import Lane


class LaneRunner(Runner, Protocol):
    """What runs tools, and says in which lane: a `Sandbox`, or something scripted in tests."""

    lane: Lane


class Checked(Frozen):
    """How a version of a tool did on its declared cases."""

    digest: str
    lane: str
    passed: int
    total: int
    failure: str = ""
    """The first case that does not hold, in one line."""

    @property
    def ok(self) -> bool:
        return self.passed == self.total


class CheckedCases:
    """Remembers results in ``state_dir/checked.jsonl``, by the digest of the content."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known = {(one.digest, one.lane): one for one in _read(path)}

    def must_hold(self, sandbox: LaneRunner, skill: Skill) -> None:
        """Let a new skill in only when the cases it declares hold.

        Raises:
            UserError: a declared case of the tool fails.
        """
        if skill.kind != "tool" or not skill.cases:
            return
        checked = self.check(sandbox, skill)
        if not checked.ok:
            raise UserError(
                f"{skill.name}: {checked.failure}; mend the tool, or the case that asks for this"
            )

    def check(self, sandbox: LaneRunner, skill: Skill) -> Checked:
        """Run the declared cases of a tool, unless this version was run before."""
        lane = sandbox.lane
        known = self._known.get((skill.digest, lane))
        if known is not None:
            return known
        checked = _summed_up(skill, lane, run_cases(sandbox, skill))
        with self._lock:
            self._known[(skill.digest, lane)] = checked
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(checked.model_dump_json() + "\n")
        return checked


def _summed_up(skill: Skill, lane: str, report: CasesReport) -> Checked:
    first = report.failures[0] if report.failures else None
    return Checked(
        digest=skill.digest,
        lane=lane,
        passed=report.passed,
        total=report.total,
        failure=f"case {first.number}: {first.reason}" if first else "",
    )


def _read(path: Path) -> list[Checked]:
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(Checked.model_validate(json.loads(line)))
        except ValueError:
            continue  # cut off by a kill; the cases are run again
    return found

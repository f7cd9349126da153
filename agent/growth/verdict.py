"""What the gate is given and what it says: frozen values, without I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import JsonValue

from skillweave.skills.model import Frozen, Skill

StageName = Literal[
    "scan", "cases", "properties", "agreement", "held-out", "benefit", "neighbours", "duplicate"
]
STAGES: tuple[StageName, ...] = (
    "scan",
    "cases",
    "properties",
    "agreement",
    "held-out",
    "benefit",
    "neighbours",
    "duplicate",
)
"""In the order they run: what costs least comes first."""

Decision = Literal["refused", "merge", "approval", "probation"]
"""``merge``: another skill does the same, its requests should grow instead. ``approval``: sound as far
as can be seen, a person must agree to this digest before it is used."""


class Task(Frozen):
    """A held-out request with its right answer; its author is not the candidate's."""

    request: str
    arguments: Mapping[str, JsonValue]
    expected: JsonValue


class Candidate(Frozen):
    """A skill that is not in the library yet."""

    skill: Skill
    source: str = ""
    """Of a tool; empty for the other kinds."""
    author: str
    """``human``, or the way of growth it came by (``compile``, ``write``, ...)."""
    by_person: bool = False
    """A person brings it, or asked for it."""
    tasks: tuple[Task, ...] = ()


class Finding(Frozen):
    """What one stage came to."""

    stage: StageName
    ok: bool
    detail: str
    """One line."""
    binding: bool = True
    """Whether this stage alone may refuse the candidate."""
    calls: int = 0
    """Runs of tools that it took."""
    effect: float | None = None
    """Of a comparison: share of requests won minus share lost."""
    p_value: float | None = None
    twin: str = ""
    """Another skill that does the same."""


class Cost(Frozen):
    """What a stage may take at most; most candidates take less."""

    stage: StageName
    calls: int


class Verdict(Frozen):
    """The gate's word on one digest; kept as ``verdict.json`` and in the ledger."""

    skill: str
    digest: str
    author: str
    decision: Decision
    reason: str
    findings: tuple[Finding, ...] = ()
    permissions: tuple[str, ...] = ()
    """What the code asks for beyond pure computation."""
    planned_calls: int = 0
    calls: int = 0
    seed: int = 0

    @property
    def twin(self) -> str:
        """The skill that does the same; empty when there is none."""
        return next((one.twin for one in self.findings if one.twin), "")

    def line(self) -> str:
        """For the ledger."""
        return f"{self.decision}: {self.reason}"[:500]

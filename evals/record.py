"""The record of one sample in one arm under one seed, as a line of ``results.jsonl`` holds it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import JsonValue

from skillweave.agent.result import Outcome
from skillweave.skills.model import Frozen

Status = Literal["scored", "budget", "timeout", "garbage", "error"]
"""``budget`` and ``timeout``: a limit of the run was reached; ``garbage``: the model's answer could
not be read; ``error``: the agent, its model or its server failed. All but ``error`` have a score."""
STATUSES: tuple[Status, ...] = ("scored", "budget", "timeout", "garbage", "error")


class Key(NamedTuple):
    """What a record is of."""

    arm: str
    seed: int
    sample: str


class Record(Frozen):
    """How one sample went."""

    arm: str
    seed: int
    sample: str
    family: str
    level: int = 1
    status: Status
    score: float | None
    """None for an error: such a sample is no success, and no evidence for a difference either."""
    note: str = ""
    """What the scorer, or the error, says."""
    outcome: Outcome | None = None
    request: str = ""
    expected: JsonValue = None
    value: JsonValue = None
    answer: str = ""
    skills: tuple[str, ...] = ()
    """Names of the skills that contributed."""
    tried: tuple[str, ...] = ()
    """Names of the skills that any step tried."""
    new_skills: tuple[str, ...] = ()
    steps: int = 0
    replans: int = 0
    tokens: int = 0
    seconds: float = 0.0
    trace: str = ""
    """The trace's file, relative to the folder of the run."""

    @property
    def key(self) -> Key:
        """Unique within a run."""
        return Key(self.arm, self.seed, self.sample)

    @property
    def success(self) -> float:
        """The score; an error is no success."""
        return self.score or 0.0

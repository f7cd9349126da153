"""The figures of both thresholds below which the agent declines, as one file holds them."""

from __future__ import annotations

from skillweave.evals.confidence import ConfidenceFigures
from skillweave.evals.machine import Machine
from skillweave.evals.matching import MatchFigures
from skillweave.skills.model import Frozen


class ThresholdFigures(Frozen):
    """A part that was not measured is None."""

    command: str = "skillweave eval thresholds"
    made: str
    machine: Machine
    match: MatchFigures | None = None
    """For ``min_match``."""
    confidence: ConfidenceFigures | None = None
    """For ``min_confidence``."""

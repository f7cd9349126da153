"""The sandbox that runs the code of tools."""

from skillweave.skills.sandbox.sandbox import Sandbox, probe
from skillweave.skills.sandbox.values import (
    LANES,
    Attack,
    Lane,
    LaneReport,
    Limits,
    ToolFailure,
    ToolOutcome,
)

__all__ = [
    "LANES",
    "Attack",
    "Lane",
    "LaneReport",
    "Limits",
    "Sandbox",
    "ToolFailure",
    "ToolOutcome",
    "probe",
]

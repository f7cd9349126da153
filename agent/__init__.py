"""The agent: a task in, a verified answer out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from skillweave.agent.plan import Literal, Plan, Ref, Step
from skillweave.agent.result import (
    Attempt,
    Event,
    Finished,
    PlanMade,
    Result,
    SkillLearned,
    StepFinished,
    StepReport,
    StepStarted,
    Token,
    Verdict,
)

if TYPE_CHECKING:
    from skillweave.agent.api import Agent
    from skillweave.agent.settings import Settings

# Imported at first use: the graph and the databases take a second, which `skillweave --help` and
# every part of the agent that needs neither should not wait for.
_LATER = {"Agent": "skillweave.agent.api", "Settings": "skillweave.agent.settings"}

__all__ = [
    "Agent",
    "Attempt",
    "Event",
    "Finished",
    "Literal",
    "Plan",
    "PlanMade",
    "Ref",
    "Result",
    "Settings",
    "SkillLearned",
    "Step",
    "StepFinished",
    "StepReport",
    "StepStarted",
    "Token",
    "Verdict",
]


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

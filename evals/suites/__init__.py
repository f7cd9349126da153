"""The suites, by name."""

from __future__ import annotations

from skillweave.evals.suite import Suite
from skillweave.evals.suites.adapters import ADAPTERS
from skillweave.evals.suites.bfcl import BFCL
from skillweave.evals.suites.compose import COMPOSE
from skillweave.evals.suites.workbench import WORKBENCH

SUITES: dict[str, Suite] = {suite.name: suite for suite in (WORKBENCH, COMPOSE, ADAPTERS, BFCL)}

__all__ = ["SUITES"]

"""The suites of `skillweave eval run`, by name. The stream of games, which trains adapters on the way, is
`skillweave eval growth`'s alone."""

from __future__ import annotations

from skillweave.evals.suite import Suite
from skillweave.evals.suites.adapters import ADAPTERS
from skillweave.evals.suites.babyai import BABYAI, BABYAI_CURVE
from skillweave.evals.suites.bfcl import BFCL
from skillweave.evals.suites.calls import CALLS, SEVERAL_CALLS
from skillweave.evals.suites.compose import COMPOSE
from skillweave.evals.suites.endpoint import ENDPOINT
from skillweave.evals.suites.growth import GROWTH_TASKS
from skillweave.evals.suites.growth_queries import GROWTH_QUERIES
from skillweave.evals.suites.scan import SCAN
from skillweave.evals.suites.scienceworld import SCIENCEWORLD, SCIENCEWORLD_TALES
from skillweave.evals.suites.tools import TOOLS
from skillweave.evals.suites.tools_import import IMPORTS
from skillweave.evals.suites.twx import TWX, TWX_DEV, TWX_TEXT
from skillweave.evals.suites.workbench import WORKBENCH

SUITES: dict[str, Suite] = {
    suite.name: suite
    for suite in (
        *(WORKBENCH, COMPOSE, CALLS, SEVERAL_CALLS, ADAPTERS, BFCL, TOOLS, IMPORTS, SCAN, ENDPOINT),
        *(TWX, TWX_TEXT, TWX_DEV, GROWTH_TASKS, GROWTH_QUERIES),
        *(BABYAI, BABYAI_CURVE, SCIENCEWORLD, SCIENCEWORLD_TALES),
    )
}

__all__ = ["SUITES"]

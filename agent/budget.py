"""The limits of one run: steps, tokens, seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

from skillweave.agent.settings import Settings
from skillweave.skills.errors import BudgetError


class Budget:
    """Counts what a run uses up; every method raises `BudgetError` once a limit is passed."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._began = clock()
        self.steps = 0
        self.tokens = 0

    @property
    def seconds(self) -> float:
        """Time since the run began, or was resumed."""
        return self._clock() - self._began

    def begin_step(self) -> None:
        """Account for one more step."""
        self.steps += 1
        self.allow_steps(self.steps)

    def allow_steps(self, count: int) -> None:
        """Refuse a plan that is longer than a run may be."""
        limit = self._settings.max_steps
        if count > limit:
            raise BudgetError(f"the task needs more than {limit} steps (max_steps = {limit})")

    def spend(self, tokens: int) -> None:
        """Account for generated tokens."""
        self.tokens += tokens
        self.check()

    def check(self) -> None:
        """Refuse to go on when tokens or time are used up."""
        if self.tokens > self._settings.max_tokens:
            limit = self._settings.max_tokens
            raise BudgetError(f"the run used more than {limit} tokens (max_tokens = {limit})")
        if self.seconds > self._settings.max_seconds:
            raise out_of_time(self._settings)


def out_of_time(settings: Settings) -> BudgetError:
    """The error of a run that took too long."""
    limit = f"{settings.max_seconds:g}"
    return BudgetError(f"the run took more than {limit} seconds (max_seconds = {limit})")

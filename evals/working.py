"""Making trials: side by side where they do not depend on each other, in turn where an arm grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from typing import NamedTuple

from skillweave.evals.record import Key, Record
from skillweave.evals.suite import Arm, Sample
from skillweave.evals.workplace import Workplace

Keep = Callable[[Record], None]
"""Takes every record, in any of several threads."""
Place = Callable[[Arm | None, int], AbstractContextManager[Workplace]]
"""Opens the workplace of an arm that grows, under a seed."""


class Trial(NamedTuple):
    """One sample to be tried."""

    arm: Arm
    seed: int
    sample: Sample

    @property
    def key(self) -> Key:
        return Key(self.arm.name, self.seed, self.sample.id)


def streams_of(trials: Sequence[Trial]) -> list[list[Trial]]:
    """The trials of arms that grow, by arm and seed; each list is one stream, in its order."""
    found: dict[tuple[str, int], list[Trial]] = {}
    for trial in trials:
        if trial.arm.grows:
            found.setdefault((trial.arm.name, trial.seed), []).append(trial)
    return list(found.values())


class Work:
    """Makes trials until the time is over, or nobody wants them any more."""

    def __init__(
        self,
        keep: Keep,
        *,
        parallel: int,
        stop_after: float | None = None,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._keep = keep
        self._parallel = parallel
        self._wanted = wanted
        self._deadline = float("inf") if stop_after is None else time.monotonic() + stop_after

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._deadline or not self._wanted()

    def all_of(self, trials: Sequence[Trial], shared: Workplace, place: Place) -> None:
        """First those that share a workplace, then every stream in one of its own."""
        self.side_by_side(shared, [trial for trial in trials if not trial.arm.grows])
        for stream in streams_of(trials):
            if not self.over:
                with place(stream[0].arm, stream[0].seed) as growing:
                    self.in_turn(growing, stream)

    def in_turn(self, place: Workplace, trials: Sequence[Trial]) -> None:
        """One after another."""
        for trial in trials:
            self._make(place, trial)

    def side_by_side(self, place: Workplace, trials: Sequence[Trial]) -> None:
        """Several at the same time."""
        with ThreadPoolExecutor(self._parallel, thread_name_prefix="eval") as pool:
            futures = [pool.submit(self._make, place, trial) for trial in trials]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _make(self, place: Workplace, trial: Trial) -> None:
        if not self.over:
            self._keep(place.try_out(trial.arm, trial.seed, trial.sample))

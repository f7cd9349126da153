"""What a difference between paired trials is worth: pure functions for admission and for evals.

Intervals are two-sided at ``level``. A pair is one sample tried in two settings; trials of one sample
under several seeds are no independent pairs, so average them first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from skillweave.skills.model import Frozen

LEVEL = 0.95
POWER = 0.8
DRAWS = 5_000
_BLOCK = 2**22


class Interval(NamedTuple):
    """From ``low`` to ``high``."""

    low: float
    high: float


class Paired(Frozen):
    """How one setting fares against another on the same samples."""

    pairs: int
    wins: int
    losses: int
    difference: float
    """Mean of ours minus theirs."""
    low: float
    high: float
    p: float
    """Exact two-sided sign test of wins against losses; with scores of 0 and 1, McNemar's."""
    needed: int | None
    """Pairs that would show a difference of this size with a chance of `POWER`; None when it is 0."""


def normal_quantile(level: float) -> float:
    """How many standard deviations to either side hold ``level`` of a normal distribution."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def wilson(right: int, of: int, level: float = LEVEL) -> Interval:
    """The Wilson score interval of a proportion; of no trials, all from 0 to 1.

    >>> [round(x, 3) for x in wilson(95, 100)]
    [0.888, 0.978]
    """
    if of == 0:
        return Interval(0.0, 1.0)
    z, share = normal_quantile(level), right / of
    middle = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    # At 0 and 1 the formula is exact and its arithmetic is not.
    low = 0.0 if right == 0 else (middle - spread) / scale
    return Interval(low, 1.0 if right == of else (middle + spread) / scale)


def bootstrap(
    values: Sequence[float], level: float = LEVEL, seed: int = 0, draws: int = DRAWS
) -> Interval:
    """The percentile bootstrap interval of a mean; the same for the same values and seed.

    >>> bootstrap([0.5, 0.5, 0.5])
    Interval(low=0.5, high=0.5)
    """
    if not values:
        raise ValueError("the mean of nothing has no interval")
    data, rng = np.asarray(values, np.float64), np.random.default_rng(seed)
    means: list[float] = []
    block = max(1, _BLOCK // len(data))
    while len(means) < draws:
        rows = min(block, draws - len(means))
        means += data[rng.integers(len(data), size=(rows, len(data)))].mean(axis=1).tolist()
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(low), float(high))


def mean_interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """Wilson's for values of 0 and 1 (of no values, 0 to 1), the bootstrap's for all others."""
    if all(value in (0.0, 1.0) for value in values):
        return wilson(round(sum(values)), len(values), level)
    return bootstrap(values, level)


def sign_test(wins: int, losses: int) -> float:
    """Exact two-sided p of this many wins and losses if both were equally likely.

    >>> sign_test(5, 0), sign_test(3, 3)
    (0.0625, 1.0)
    """
    n, fewer = wins + losses, min(wins, losses)
    tail = sum(math.comb(n, k) for k in range(fewer + 1))
    return min(1.0, 2 * tail / (1 << n))


def paired_interval(differences: Sequence[float], level: float = LEVEL) -> Interval:
    """The interval of a mean difference.

    For differences of -1, 0 and 1 the adjusted Wald interval of Bonett and Price (2012), which does
    not collapse when all pairs agree; the bootstrap's for all others.
    """
    n = len(differences)
    if n == 0:
        return Interval(-1.0, 1.0)
    if any(value not in (-1.0, 0.0, 1.0) for value in differences):
        return bootstrap(differences, level)
    win = (sum(value > 0 for value in differences) + 1) / (n + 2)
    lose = (sum(value < 0 for value in differences) + 1) / (n + 2)
    spread = normal_quantile(level) * math.sqrt((win + lose - (win - lose) ** 2) / (n + 2))
    return Interval(max(-1.0, win - lose - spread), min(1.0, win - lose + spread))


def pairs_needed(
    differences: Sequence[float], level: float = LEVEL, power: float = POWER
) -> int | None:
    """Pairs that would show the mean difference seen; Connor's formula, also for graded scores.

    None when there is no difference to show.

    >>> pairs_needed([1, 1, 0, 0, -1, 0, 1, 0, 0, 0])
    77
    """
    mean = float(np.mean(differences)) if differences else 0.0
    if abs(mean) < 1e-12:
        return None
    square = float(np.mean(np.square(differences)))
    spread = math.sqrt(max(0.0, square - mean * mean))
    z, reach = normal_quantile(level), NormalDist().inv_cdf(power)
    return max(2, math.ceil(((z * math.sqrt(square) + reach * spread) / mean) ** 2))


def paired(ours: Sequence[float], theirs: Sequence[float], level: float = LEVEL) -> Paired:
    """Compare two settings on the same samples, which stand in the same order.

    >>> paired([1, 1, 1, 0], [0, 0, 1, 0]).difference
    0.5
    """
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    wins, losses = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
    low, high = paired_interval(differences, level)
    return Paired(
        pairs=len(differences),
        wins=wins,
        losses=losses,
        difference=float(np.mean(differences)) if differences else 0.0,
        low=low,
        high=high,
        p=sign_test(wins, losses),
        needed=pairs_needed(differences, level),
    )


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's correction: with it, the chance of any false claim among all stays below the level.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted = [0.0] * len(ps)
    least = 0.0
    for rank, at in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        least = max(least, min(1.0, (len(ps) - rank) * ps[at]))
        adjusted[at] = least
    return adjusted

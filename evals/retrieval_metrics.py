"""How good an order is: hit@1, recall@5, nDCG@10, with bootstrap intervals over queries."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from typing import NamedTuple, Self

import numpy as np

from skillweave.skills.model import Frozen

RESAMPLES = 1000


class Quality(NamedTuple):
    """Of the order that one query got."""

    hit1: float
    recall5: float
    ndcg10: float


def quality(order: Sequence[str], right: Sequence[str]) -> Quality:
    """Compare an order of skills with the right ones.

    >>> quality(["b", "a"], ["a"])
    Quality(hit1=0.0, recall5=1.0, ndcg10=0.6309297535714575)
    """
    wanted = set(right)
    gain = sum(1 / log2(at + 2) for at, name in enumerate(order[:10]) if name in wanted)
    ideal = sum(1 / log2(at + 2) for at in range(min(10, len(wanted))))
    return Quality(
        hit1=float(bool(order) and order[0] in wanted),
        recall5=len(wanted.intersection(order[:5])) / len(wanted),
        ndcg10=gain / ideal,
    )


class Mean(Frozen):
    """A mean in per cent with its 95 % bootstrap interval over the queries."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The mean of at least one value."""
        array = np.asarray(values)
        chance = np.random.default_rng(0)
        means = [array[chance.integers(0, len(array), len(array))].mean() for _ in range(RESAMPLES)]
        low, high = np.quantile(means, (0.025, 0.975))
        return cls(
            mean=round(100 * float(array.mean()), 2),
            low=round(100 * float(low), 2),
            high=round(100 * float(high), 2),
        )


class Row(Frozen):
    """One line of a table."""

    system: str
    queries: int
    hit1: Mean
    recall5: Mean
    ndcg10: Mean
    hit1_by_seed: tuple[float, ...] = ()

    @classmethod
    def of(cls, system: str, seeds: Sequence[Sequence[Quality]]) -> Self:
        """Pool the queries of all seeds; the mean of each seed stands beside."""
        every = [one for seed in seeds for one in seed]
        return cls(
            system=system,
            queries=len(every),
            hit1=Mean.of([one.hit1 for one in every]),
            recall5=Mean.of([one.recall5 for one in every]),
            ndcg10=Mean.of([one.ndcg10 for one in every]),
            hit1_by_seed=tuple(
                round(100 * sum(one.hit1 for one in seed) / len(seed), 2) for seed in seeds if seed
            ),
        )

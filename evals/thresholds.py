"""Where the agent should decline: statistics of two thresholds, as pure functions.

Both answer one question: what the agent would do now, is it right? Right and wrong cases have scores;
the threshold is chosen on one half of the cases and judged on the other. The rule is to refuse at
most `MOST_REFUSED` of the right ones, because a plan has several steps and each of them must pass.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from skillweave.agent.nano.score import wilson
from skillweave.skills.model import Frozen

MOST_REFUSED = 0.02
RULE = f"the highest threshold that refuses at most {MOST_REFUSED:.0%} of the right cases"
CHOOSING, JUDGING = 0, 1


class Rate(Frozen):
    """A share with its 95 % Wilson interval."""

    count: int
    of: int
    share: float
    low: float
    high: float

    @classmethod
    def of_flags(cls, flags: Sequence[bool]) -> Self:
        """The share of true flags; of none, everything from 0 to 1 is possible."""
        count, of = sum(flags), len(flags)
        low, high = wilson(count, of) if of else (0.0, 1.0)
        share = count / of if of else 0.0
        return cls(
            count=count, of=of, share=round(share, 4), low=round(low, 4), high=round(high, 4)
        )


class Split(Frozen):
    """Scores of one sort of cases, on the half that chooses and on the half that judges."""

    choosing: tuple[float, ...] = ()
    judging: tuple[float, ...] = ()


class Choice(Frozen):
    """A threshold, and what it does to the cases that played no part in choosing it."""

    score: str
    """What is compared with the threshold."""
    threshold: float
    separation: float
    """Chance that a right case scores above a wrong one (area under the ROC curve)."""
    balanced: float
    """The threshold that would be best if both errors cost the same, on the choosing half."""
    right_kept: Rate
    wrong_refused: dict[str, Rate]
    """By sort of wrong case."""
    precision: Rate
    """Of the refused, those that would have gone wrong."""
    recall: Rate
    """Of those that would have gone wrong, the refused."""


def half_of(key: str) -> int:
    """`CHOOSING` or `JUDGING`, by a hash: the same key always falls into the same half."""
    return zlib.crc32(key.encode()) % 2


def split(scored: Sequence[tuple[str, float]]) -> Split:
    """Deal scores to the halves by their keys."""
    halves = [tuple(s for key, s in scored if half_of(key) == half) for half in (CHOOSING, JUDGING)]
    return Split(choosing=halves[CHOOSING], judging=halves[JUDGING])


def strictest(right: Sequence[float], share: float = MOST_REFUSED) -> float:
    """The highest threshold, in whole hundredths, below which at most ``share`` of the scores lie.

    >>> strictest([0.5, 0.6, 0.7, 0.8], share=0.25)
    0.6
    """
    if not right:
        return 0.0
    lowest = sorted(right)[int(share * len(right))]
    threshold = math.floor(100 * lowest + 1e-9) / 100
    return threshold if threshold <= lowest else threshold - 0.01


def best_balanced(right: Sequence[float], wrong: Sequence[float]) -> float:
    """The threshold, in whole hundredths, with the best mean of kept right and refused wrong cases."""

    def accuracy(threshold: float) -> float:
        kept = np.mean(np.asarray(right) >= threshold)
        return float(kept + np.mean(np.asarray(wrong) < threshold)) / 2

    if not right or not wrong:
        return 0.0
    return max((step / 100 for step in range(101)), key=accuracy)


def separation(right: Sequence[float], wrong: Sequence[float]) -> float:
    """Chance that a right case scores above a wrong one; ties count half.

    >>> separation([0.9, 0.5], [0.5, 0.1])
    0.875
    """
    if not right or not wrong:
        return 0.5
    above = np.asarray(right)[:, np.newaxis] - np.asarray(wrong)
    return float(np.mean(above > 0) + np.mean(above == 0) / 2)


def choose(score: str, right: Split, wrong: Mapping[str, Split], mixed: Sequence[str]) -> Choice:
    """Choose on one half by the rule, judge on the other.

    Args:
        mixed: the sorts of wrong cases that precision and recall count, in the mix they come in.
    """
    threshold = strictest(right.choosing)
    counted = [s for sort in mixed for s in wrong[sort].judging]
    refused_wrong = [s < threshold for s in counted]
    refused_right = sum(s < threshold for s in right.judging)
    refused = [True] * sum(refused_wrong) + [False] * refused_right
    chosen_on = [s for sort in mixed for s in wrong[sort].choosing]
    return Choice(
        score=score,
        threshold=threshold,
        separation=round(separation(right.judging, counted), 4),
        balanced=best_balanced(right.choosing, chosen_on),
        right_kept=Rate.of_flags([s >= threshold for s in right.judging]),
        wrong_refused={
            sort: Rate.of_flags([s < threshold for s in scores.judging])
            for sort, scores in wrong.items()
        },
        precision=Rate.of_flags(refused),
        recall=Rate.of_flags(refused_wrong),
    )


class Neighbours(Frozen):
    """Leaving one tool out: best cosines of its own requests, each without its own view."""

    tools: int
    requests: int
    right_first: Rate
    """The tool itself is the nearest."""
    known: dict[str, float]
    """Quantiles of the cosine of the tool itself."""
    unknown: dict[str, float]
    """Quantiles of the best cosine of the others: what is found once the tool is gone."""
    choice: Choice


Vectors = NDArray[np.float32]


def neighbour_scores(
    vectors: Vectors, owners: Sequence[int], requests: Sequence[int]
) -> tuple[Vectors, Vectors]:
    """Best cosine of each request's own tool and of the best other one.

    Args:
        vectors: one unit row per view, ``[views, width]``.
        owners: the tool of each view, counted from 0.
        requests: rows that are example requests; each is compared with all views but itself.

    Returns:
        Two arrays, ``[requests]``: of the own tool, and of the others.
    """
    cosines = vectors[list(requests)] @ vectors.T
    cosines[np.arange(len(requests)), list(requests)] = -1.0
    best = np.full((len(requests), max(owners) + 1), -1.0, np.float32)
    for tool in range(best.shape[1]):
        best[:, tool] = cosines[:, [at for at, owner in enumerate(owners) if owner == tool]].max(1)
    rows, own = np.arange(len(requests)), [owners[at] for at in requests]
    known = best[rows, own].copy()
    best[rows, own] = -1.0
    return known, best.max(axis=1)


def quantiles(scores: Vectors) -> dict[str, float]:
    """A few quantiles by name."""
    return {f"{q:.0%}": round(float(np.quantile(scores, q)), 3) for q in (0.02, 0.05, 0.5, 0.95)}

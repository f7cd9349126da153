"""Choosing a set of skills for one request: every part of it served, no part served twice.

A request of several parts is searched whole and part by part. The set is chosen greedily under a
monotone submodular function, which is at most a factor 1 - 1/e from the best set
(https://doi.org/10.1007/BF01588971): the sum of the chosen skills' own worth, and for every part the
best chosen skill's score (facility location, as in https://aclanthology.org/P11-1052/).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from skillweave.skills.model import Frozen, Skill
from skillweave.store.ranking import Hit, order

Floats = NDArray[np.float64]

MOST_PARTS = 6
PART = 0.5
"""Worth of serving one part well, next to serving the whole request."""
_BREAK = re.compile(
    r"(?<=[.!?])\s+|[,;]\s*"
    r"|\b(?:and|also|then|as well as|while|that|to|for|or|with|including|about|on)\b"
)


class Selection(Frozen):
    """Skills for a request."""

    hits: tuple[Hit, ...]
    """The chosen ones, in the order of their choice."""
    siblings: Mapping[str, tuple[Hit, ...]] = {}
    """By chosen skill: others of its toolkit, to fall back on, best first."""
    required: tuple[Skill, ...] = ()
    """What the chosen ones require and is not chosen itself."""


def parts_of(request: str) -> list[str]:
    """The pieces of a request between punctuation and joining words, of two words or more.

    >>> parts_of("Is it going to rain, and where can I buy an umbrella?")
    ['Is it going', 'where can I buy an umbrella?']
    """
    pieces = [" ".join((piece or "").split()) for piece in _BREAK.split(request)]
    return [piece for piece in dict.fromkeys(pieces) if " " in piece][:MOST_PARTS]


def one_per_toolkit(hits: Sequence[Hit]) -> tuple[list[Hit], dict[str, tuple[Hit, ...]]]:
    """The best skill of every toolkit, and by its name the others (Tool-Planner,
    https://arxiv.org/abs/2406.03807)."""
    first: dict[str, str] = {}
    kept: list[Hit] = []
    siblings: dict[str, tuple[Hit, ...]] = {}
    for hit in hits:
        toolkit = hit.skill.toolkit
        leader = first.setdefault(toolkit, hit.skill.name) if toolkit else hit.skill.name
        if leader == hit.skill.name:
            kept.append(hit)
        else:
            siblings[leader] = (*siblings.get(leader, ()), hit)
    return kept, siblings


def cover(worth: Floats, served: Floats, diversity: float, k: int) -> list[int]:
    """Greedy maximum of (1 - diversity) x sum of worth + diversity x sum over parts of the best.

    Args:
        worth: ``[skills]``, not negative.
        served: how well each skill serves each part, ``[parts, skills]``, not negative.
    """
    chosen: list[int] = []
    best = np.zeros(len(served))
    for _ in range(min(k, len(worth))):
        gain = (1.0 - diversity) * worth
        gain = gain + diversity * np.maximum(served - best[:, np.newaxis], 0.0).sum(axis=0)
        gain[chosen] = -1.0
        at = int(np.argmax(gain))
        chosen.append(at)
        best = np.maximum(best, served[:, at])
    return chosen


def choose(
    whole: Sequence[Hit], parts: Sequence[Sequence[Hit]], diversity: float, k: int
) -> list[Hit]:
    """``k`` of the hits of a request and of its parts.

    The worth of a skill is its score for the whole plus its best for a part; what a search did not
    find scores as the last that it found.
    """
    hits = {hit.skill.name: hit for found in reversed((whole, *parts)) for hit in found}
    names = order({name: hit.score for name, hit in hits.items()})
    if not names:
        return []
    rows = np.array([_scores(found, names) for found in (whole, *parts) if found])
    rows = np.maximum(rows, 0.0)
    served = rows[1:] if len(rows) > 1 else rows
    worth = rows[0] + PART * served.max(axis=0)
    return [hits[names[at]] for at in cover(worth, served, diversity, k)]


def _scores(found: Sequence[Hit], names: Sequence[str]) -> list[float]:
    scores = {hit.skill.name: hit.score for hit in found}
    least = min(scores.values())
    return [scores.get(name, least) for name in names]

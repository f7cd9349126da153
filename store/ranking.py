"""From similarities to an order: pure functions, every term of a score by name.

relevance = DENSE x best cosine over the views + (1 - DENSE) x lexical score, both absolute numbers:
they mean the same for every query and do not depend on what else was found, so that one threshold
can say "nothing fits". (Reciprocal rank fusion and min-max scaling lose exactly that.) A convex
combination of the two is also the better fusion where it was compared
(https://arxiv.org/abs/2210.11934). The terms that follow are added to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import NamedTuple

from pydantic import Field

from skillweave.skills.model import Frozen, Skill, SkillState
from skillweave.store.ledger import Counts


class Weights(Frozen):
    """How much each term counts; 0 switches a term off."""

    dense: float = Field(default=0.7, ge=0.0, le=1.0)
    prior: float = Field(default=0.3, ge=0.0)
    boundary: float = Field(default=0.5, ge=0.0)
    stale: float = Field(default=0.1, ge=0.0)


class Hit(Frozen):
    """One skill found by a search."""

    skill: Skill
    score: float
    """Sum of ``terms``; comparable across queries, about 0..1."""
    dense: float
    """Largest cosine between the query and a view of the skill."""
    lexical: float
    """Share of the query's telling words that the skill holds, 0..1, rare words counting more."""
    terms: Mapping[str, float] = Field(default_factory=dict)
    view: str = ""
    """The view that is nearest to the query."""

    @property
    def relevance(self) -> float:
        """The terms ``dense`` and ``lexical``: the score without the skill's history and boundary."""
        return self.terms.get("dense", 0.0) + self.terms.get("lexical", 0.0)


class Evidence(NamedTuple):
    """All that ranking knows of one candidate."""

    dense: float
    lexical: float
    avoid: float = 0.0
    """Cosine between the query and the skill's avoid-when; 0 when it says none."""
    counts: Counts = Counts()
    state: SkillState | None = None


PRIOR_SUCCESSES = 3.0
PRIOR_FAILURES = 1.0


def promise(counts: Counts) -> float:
    """Optimistic success rate: mean plus one standard deviation of the Beta posterior, at most 1.

    The prior is Beta(3, 1). A skill without history gets the benefit of the doubt and is explored.
    """
    a = PRIOR_SUCCESSES + counts.succeeded
    b = PRIOR_FAILURES + counts.failed
    mean = a / (a + b)
    return min(1.0, mean + sqrt(mean * (1.0 - mean) / (a + b + 1.0)))


def terms_of(evidence: Evidence, weights: Weights) -> dict[str, float]:
    """The terms of the score; the score is their sum.

    ``dense`` and ``lexical`` are the relevance. ``prior`` is relevance x weight x (promise - promise
    of a new skill). ``boundary`` is minus weight x how much nearer the query is to avoid-when than to
    anything the skill says it does. ``stale`` is minus weight x relevance for stale skills.
    """
    dense = weights.dense * max(0.0, evidence.dense)
    lexical = (1.0 - weights.dense) * evidence.lexical
    relevance = dense + lexical
    gain = promise(evidence.counts) - promise(Counts())
    return {
        "dense": dense,
        "lexical": lexical,
        "prior": weights.prior * relevance * gain,
        "boundary": -weights.boundary * max(0.0, evidence.avoid - evidence.dense),
        "stale": -weights.stale * relevance if evidence.state == "stale" else 0.0,
    }


def order(scored: Mapping[str, float]) -> list[str]:
    """Names by falling score; equal scores by name, so that an order can be repeated."""
    return sorted(scored, key=lambda name: (-scored[name], name))

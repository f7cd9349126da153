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
    agreement: float = Field(default=1.0, ge=0.0, le=1.0)
    prior: float = Field(default=0.3, ge=0.0)
    boundary: float = Field(default=0.5, ge=0.0)
    stale: float = Field(default=0.1, ge=0.0)
    learned: float = Field(default=1.0, ge=0.0)
    diversity: float = Field(default=0.2, ge=0.0, le=1.0)
    """Of a set, see `selecting.cover`; the next two are about sets too."""
    toolkits: bool = True
    """One skill of a toolkit; its siblings are kept to fall back on."""
    closure: bool = True
    """What the chosen skills require comes along."""


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


class Ranked(NamedTuple):
    """A place in an order, without the skill."""

    name: str
    score: float
    relevance: float
    lexical: float = 0.0
    """As `Hit.lexical`."""


class Evidence(NamedTuple):
    """All that ranking knows of one candidate."""

    dense: float
    """Best cosine over all views but the bare name."""
    lexical: float
    avoid: float = 0.0
    """Cosine between the query and the skill's avoid-when; 0 when it says none."""
    counts: Counts = Counts()
    state: SkillState | None = None
    agreed: float | None = None
    """Best cosine when the views that describe the skill count by their mean; None: not known."""


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


def terms_of(evidence: Evidence, weights: Weights, learned: float = 0.0) -> dict[str, float]:
    """The terms of the score; the score is their sum.

    ``dense`` and ``lexical`` are the relevance. ``agreement`` is weight x (``agreed`` - ``dense``):
    it lowers a skill of which only one of several describing views is near. ``prior`` is relevance
    x weight x (promise - promise of a new skill). ``boundary`` is minus weight x how much nearer the
    query is to avoid-when than to anything the skill says it does. ``stale`` is minus weight x
    relevance for stale skills. ``learned`` is what the re-ranker adds, see `learned.Reranker`.
    """
    dense = weights.dense * max(0.0, evidence.dense)
    lexical = (1.0 - weights.dense) * evidence.lexical
    relevance = dense + lexical
    gain = promise(evidence.counts) - promise(Counts())
    agreed = evidence.dense if evidence.agreed is None else evidence.agreed
    shift = max(0.0, agreed) - max(0.0, evidence.dense)
    return {
        "dense": dense,
        "lexical": lexical,
        "agreement": weights.agreement * weights.dense * shift,
        "prior": weights.prior * relevance * gain,
        "boundary": -weights.boundary * max(0.0, evidence.avoid - evidence.dense),
        "stale": -weights.stale * relevance if evidence.state == "stale" else 0.0,
        "learned": weights.learned * learned,
    }


def order(scored: Mapping[str, float]) -> list[str]:
    """Names by falling score; equal scores by name, so that an order can be repeated."""
    return sorted(scored, key=lambda name: (-scored[name], name))

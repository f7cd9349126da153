"""Tools that the past never named, and tools that the library lacks: a split by tool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from skillweave.evals.retrieval_data import Pool
from skillweave.evals.retrieval_figures import Abstention
from skillweave.evals.retrieval_libraries import K, Split, library_of, remember
from skillweave.evals.retrieval_logistic import Logistic, fit
from skillweave.evals.retrieval_metrics import Quality, quality
from skillweave.evals.thresholds import CHOOSING, JUDGING, Rate, half_of, separation
from skillweave.store.embed import Embedder
from skillweave.store.ranking import Ranked, Weights

Order = Sequence[Ranked]

HALVES = (CHOOSING, JUDGING)
SIGNS = ("score", "relevance", "lexical", "lead", "lead in relevance")
"""What the logistic model sees; the last two are how far the first is before the second."""


class Seen(NamedTuple):
    """What one seed's split by tool gave."""

    of_unseen: list[Quality]
    of_seen: list[Quality]
    known: list[tuple[str, Order]]
    """By tool: the hits for a query whose tool the library has."""
    lacking: list[tuple[str, Order]]
    """The same where the library has no such tool."""


def by_tool(pool: Pool, split: Split, embedder: Embedder) -> Seen:
    """Learn from the past of some tools; ask for the others, with them in the library and without."""
    seen = Seen([], [], [], [])
    past = [query for query in split.solved if query.right[0] not in split.unseen]
    with library_of(pool.skills, embedder) as library:
        remember(library, past)
        for query in split.asked:
            order = library.compare(query.text, [Weights()], k=K)[0]
            part = seen.of_unseen if query.right[0] in split.unseen else seen.of_seen
            part.append(quality([one.name for one in order], query.right))
        for name in split.unseen:
            library.archive(name)
        for query in split.asked:
            order = library.compare(query.text, [Weights()], k=K)[0]
            lacks = query.right[0] in split.unseen
            (seen.lacking if lacks else seen.known).append((query.right[0], order))
    return seen


def abstention(seen: Sequence[Seen], score: str, of: Callable[[Order], float]) -> Abstention:
    """Choose the threshold with the best F1 on half of the tools, judge it on the others."""
    known = [[of(order) for order in _orders(seen, half, lacking=False)] for half in HALVES]
    lacking = [[of(order) for order in _orders(seen, half, lacking=True)] for half in HALVES]

    def f1(threshold: float) -> float:
        right = sum(one < threshold for one in lacking[CHOOSING])
        wrong = sum(one < threshold for one in known[CHOOSING])
        return 2 * right / max(1, right + wrong + len(lacking[CHOOSING]))

    threshold = max((step / 100 for step in range(-50, 150)), key=f1)
    refused_right = [one < threshold for one in lacking[JUDGING]]
    refused_wrong = sum(one < threshold for one in known[JUDGING])
    return Abstention(
        score=score,
        threshold=threshold,
        separation=round(separation(known[JUDGING], lacking[JUDGING]), 4),
        precision=Rate.of_flags([True] * sum(refused_right) + [False] * refused_wrong),
        recall=Rate.of_flags(refused_right),
        kept=Rate.of_flags([one >= threshold for one in known[JUDGING]]),
    )


def by_signs(seen: Sequence[Seen]) -> Abstention:
    """`abstention` by a logistic model of several signs, fitted on the half that chooses."""
    known = _orders(seen, CHOOSING, lacking=False)
    lacking = _orders(seen, CHOOSING, lacking=True)
    rows = [signs(order) for order in (*known, *lacking)]
    model = fit(
        np.array(rows).reshape(-1, len(SIGNS)), [True] * len(known) + [False] * len(lacking)
    )
    found = abstention(seen, "logistic", lambda order: _fits(model, order))
    weights = dict(zip(SIGNS, np.round(model.weights, 3).tolist(), strict=True))
    return found.model_copy(update={"signs": weights})


def signs(order: Order) -> list[float]:
    """The values of `SIGNS` for one order."""
    best = order[0]
    second = order[1] if len(order) > 1 else Ranked("", 0.0, 0.0)
    return [
        best.score,
        best.relevance,
        best.lexical,
        best.score - second.score,
        best.relevance - second.relevance,
    ]


def _orders(seen: Sequence[Seen], half: int, *, lacking: bool) -> list[Order]:
    rows = [row for one in seen for row in (one.lacking if lacking else one.known)]
    return [order for tool, order in rows if half_of(tool) == half]


def _fits(model: Logistic, order: Order) -> float:
    return float(model.chances(np.array([signs(order)]))[0])

"""Tools that the past never named, and tools that the library lacks: a split by tool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from skillweave.evals.retrieval_data import Pool
from skillweave.evals.retrieval_figures import Abstention
from skillweave.evals.retrieval_libraries import K, Split, library_of, remember
from skillweave.evals.retrieval_metrics import Quality, quality
from skillweave.evals.thresholds import Rate, half_of, separation
from skillweave.store.embed import Embedder
from skillweave.store.ranking import Ranked, Weights


class Seen(NamedTuple):
    """What one seed's split by tool gave."""

    of_unseen: list[Quality]
    of_seen: list[Quality]
    known: list[tuple[str, Ranked]]
    """By tool: the best hit for a query whose tool the library has."""
    lacking: list[tuple[str, Ranked]]
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
            best = library.compare(query.text, [Weights()], k=K)[0][0]
            lacks = query.right[0] in split.unseen
            (seen.lacking if lacks else seen.known).append((query.right[0], best))
    return seen


def abstention(seen: Sequence[Seen], score: str, of: Callable[[Ranked], float]) -> Abstention:
    """Choose the threshold with the best F1 on half of the tools, judge it on the others."""

    def scores(rows: Sequence[tuple[str, Ranked]], half: int) -> list[float]:
        return [of(best) for tool, best in rows if half_of(tool) == half]

    known = [scores([row for one in seen for row in one.known], half) for half in (0, 1)]
    lacking = [scores([row for one in seen for row in one.lacking], half) for half in (0, 1)]

    def f1(threshold: float) -> float:
        right = sum(one < threshold for one in lacking[0])
        wrong = sum(one < threshold for one in known[0])
        return 2 * right / max(1, right + wrong + len(lacking[0]))

    threshold = max((step / 100 for step in range(-50, 150)), key=f1)
    refused_right = [one < threshold for one in lacking[1]]
    refused_wrong = sum(one < threshold for one in known[1])
    return Abstention(
        score=score,
        threshold=threshold,
        separation=round(separation(known[1], lacking[1]), 4),
        precision=Rate.of_flags([True] * sum(refused_right) + [False] * refused_wrong),
        recall=Rate.of_flags(refused_right),
        kept=Rate.of_flags([one >= threshold for one in known[1]]),
    )

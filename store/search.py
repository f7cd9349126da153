"""Query to hits: candidates from both indexes, exact similarities, ranking."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from skillweave.skills.model import SkillKind
from skillweave.store.catalogue import Catalogue, Row, ViewKey
from skillweave.store.embed import EmbeddingCache, Vectors
from skillweave.store.index import VectorIndex
from skillweave.store.ledger import Ledger
from skillweave.store.ranking import Evidence, Hit, Weights, order, terms_of

WORD_CANDIDATES = 32
WORD_SCORES = 1000
"""A skill that shares fewer words with the query than so many others counts as sharing none."""
SHOWN_CHARACTERS = 80
MOST_VIEWS = 10_000


class Candidate(NamedTuple):
    """A skill that may be a hit."""

    row: Row
    view: int
    """Ordinal of the view that is nearest to the query."""
    evidence: Evidence


class Searcher:
    """Searches the indexes of one library; reads only."""

    def __init__(
        self,
        catalogue: Catalogue,
        cache: EmbeddingCache,
        index: VectorIndex,
        ledger: Ledger,
        weights: Weights,
    ):
        self._catalogue = catalogue
        self._cache = cache
        self._index = index
        self._ledger = ledger
        self._weights = weights

    def search(self, query: str, kinds: Collection[SkillKind], k: int, explain: bool) -> list[Hit]:
        """The best ``k`` skills of ``kinds``.

        Raises:
            LibraryDamagedError: an index cannot be read.
        """
        kinds = [kind for kind in self._catalogue.kinds() if kind in kinds]
        if not kinds:
            return []
        vector = self._cache.query(query)
        found = self._candidates(query, vector, kinds, k)
        terms = {name: terms_of(one.evidence, self._weights) for name, one in found.items()}
        scores = {name: sum(parts.values()) for name, parts in terms.items()}
        best = order(scores)[:k]
        skills = self._catalogue.skills(best)
        views = self._catalogue.views_of([found[name].row.id for name in best])
        return [
            Hit(
                skill=skills[name],
                score=scores[name],
                dense=found[name].evidence.dense,
                lexical=found[name].evidence.lexical,
                terms=terms[name],
                view=_shown(views.get(found[name].row.id, []), found[name].view, explain),
            )
            for name in best
            if name in skills
        ]

    def _candidates(
        self, query: str, vector: Vectors, kinds: Collection[SkillKind], k: int
    ) -> dict[str, Candidate]:
        """Skills that are near in meaning or share words, with all that ranking wants to know."""
        rows, near = self._nearest(vector, kinds, k)
        words = self._catalogue.words(query, kinds, WORD_SCORES)
        more = [id for id in islice(words, WORD_CANDIDATES + k) if id not in rows]
        rows |= self._catalogue.rows_of(more)
        near |= self._measure(vector, [id for id in rows if id not in near])
        standing = self._ledger.standing([row.name for row in rows.values()])
        avoid = self._avoidance(vector, rows)
        found = {}
        for id, row in rows.items():
            dense, view = near[id]
            evidence = Evidence(
                dense=dense,
                lexical=words.get(id, 0.0),
                avoid=avoid.get(id, 0.0),
                counts=standing[row.name].counts,
                state=standing[row.name].state,
            )
            found[row.name] = Candidate(row, view, evidence)
        return found

    def _nearest(
        self, vector: Vectors, kinds: Collection[SkillKind], k: int
    ) -> tuple[dict[int, Row], dict[int, tuple[float, int]]]:
        """Rows near the query, and for each its best cosine and the view that has it.

        Views of one skill crowd together, so the search widens until enough skills are found.
        """
        wanted, limit = 2 * k + 5, 32 * k
        while True:
            hits = self._index.search(vector, kinds, limit)
            near: dict[int, tuple[float, int]] = {}
            versions: dict[int, str] = {}
            for hit in hits:
                id, version, ordinal = hit.id.split(".")
                if int(id) not in near:
                    near[int(id)] = (hit.cosine, int(ordinal))
                    versions[int(id)] = version
            if len(near) >= wanted or len(hits) < limit or limit >= MOST_VIEWS:
                break
            limit = min(MOST_VIEWS, 3 * limit)
        rows = {
            id: row
            for id, row in self._catalogue.rows_of(list(near)).items()
            if row.digest.startswith(versions[id]) and row.kind in kinds
        }
        return rows, {id: near[id] for id in rows}

    def _measure(self, vector: Vectors, ids: Collection[int]) -> dict[int, tuple[float, int]]:
        """Best cosine, and its view, of skills that only their words brought up."""
        views = self._catalogue.views_of(ids)
        known = self._cache.lookup([view.key for part in views.values() for view in part])
        out = dict.fromkeys(ids, (0.0, 0))
        for id, part in views.items():
            vectors = [known.get(view.key) for view in part]
            cosines = [-1.0 if v is None else float(np.dot(v, vector)) for v in vectors]
            at = int(np.argmax(cosines))
            out[id] = (cosines[at], at)
        return out

    def _avoidance(self, vector: Vectors, rows: dict[int, Row]) -> dict[int, float]:
        """Cosine between the query and avoid-when, of the rows that have one."""
        keys = {id: row.avoid for id, row in rows.items() if row.avoid is not None}
        known = self._cache.lookup(list(keys.values()))
        return {id: float(np.dot(known[key], vector)) for id, key in keys.items() if key in known}


def _shown(views: Sequence[ViewKey], at: int, explain: bool) -> str:
    """The label of the view, and the start of its text when it is to be explained."""
    if at >= len(views):
        return ""
    view = views[at]
    return (
        f"{view.label}: {' '.join(view.text.split())[:SHOWN_CHARACTERS]}" if explain else view.label
    )

"""Query to hits: candidates from both indexes, exact similarities, ranking."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from skillweave.skills.model import SkillKind
from skillweave.store.catalogue import Catalogue, Row
from skillweave.store.embed import EmbeddingCache, Vectors
from skillweave.store.index import VectorIndex
from skillweave.store.ledger import Ledger
from skillweave.store.ranking import Evidence, Hit, Weights, order, terms_of

WORD_CANDIDATES = 32
SHOWN_CHARACTERS = 80
MOST_VIEWS = 10_000


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
        rows, near = self._nearest(vector, kinds, k)
        words = self._catalogue.words(query, kinds, WORD_CANDIDATES, list(rows))
        rows |= self._catalogue.rows_of([id for id in words if id not in rows])
        near |= self._measure(vector, [id for id in rows if id not in near])
        standing = self._ledger.standing([row.name for row in rows.values()])
        avoid = self._avoidance(vector, rows)
        by_name: dict[str, tuple[Row, Evidence]] = {}
        for id, row in rows.items():
            stands = standing[row.name]
            evidence = Evidence(
                dense=near[id][0],
                lexical=words.get(id, 0.0),
                avoid=avoid.get(id, 0.0),
                counts=stands.counts,
                state=stands.state,
            )
            by_name[row.name] = (row, evidence)
        terms = {name: terms_of(found[1], self._weights) for name, found in by_name.items()}
        scores = {name: sum(term.values()) for name, term in terms.items()}
        best = order(scores)[:k]
        skills = self._catalogue.skills(best)
        views = self._catalogue.views_of([by_name[name][0].id for name in best])
        hits = []
        for name in best:
            if name not in skills:
                continue
            row, evidence = by_name[name]
            labelled = views.get(row.id, [])
            at = near[row.id][1]
            view = labelled[at] if at < len(labelled) else None
            shown: str = "" if view is None else view.label
            if view is not None and explain:
                shown = f"{view.label}: {' '.join(view.text.split())[:SHOWN_CHARACTERS]}"
            hits.append(
                Hit(
                    skill=skills[name],
                    score=scores[name],
                    dense=evidence.dense,
                    lexical=evidence.lexical,
                    terms=terms[name],
                    view=shown,
                )
            )
        return hits

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

"""Query to hits: candidates from both indexes, exact similarities, ranking."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from skillweave.skills.model import SkillKind
from skillweave.store.catalogue import Catalogue, Row
from skillweave.store.embed import EmbeddingCache, Vectors
from skillweave.store.index import VectorIndex, ViewHit
from skillweave.store.learned import Reranker, Traits, echo_of
from skillweave.store.ledger import Ledger
from skillweave.store.ranking import Evidence, Hit, Ranked, Weights, order, terms_of
from skillweave.store.routing import Readings
from skillweave.store.views import ViewLabel

WORD_CANDIDATES = 16
WORD_SCORES = 300
"""A skill that shares fewer words with the query than so many others counts as sharing none."""
SHOWN_CHARACTERS = 80
MOST_VIEWS = 10_000
NAME = 0.5
"""How much the bare name counts among the views that describe a skill."""
SAME = 0.9999
"""Two texts with a higher cosine say the same."""
NOWHERE = (0.0, 0)
"""Cosine and place of no view."""

KEPT_VIEWS = 32_768
"""Views of skills kept in memory, 50 MB at most; the built-in skills have a third of that."""

_NONE: Vectors = np.empty((0, 1), np.float32)
Near = dict[int, list[tuple[float, int]]]
"""By skill, the cosines and ordinals of its views that are near the query, nearest first."""


class OwnViews(NamedTuple):
    """The views of one skill but its experiences, in order."""

    labels: Sequence[ViewLabel]
    vectors: Vectors
    """``[n, width]``"""


class Candidate(NamedTuple):
    """A skill that may be a hit."""

    row: Row
    view: int
    """Ordinal of the view that is nearest to the query."""
    evidence: Evidence
    traits: Traits


class Searcher:
    """Searches the indexes of one library; reads only."""

    def __init__(
        self,
        catalogue: Catalogue,
        cache: EmbeddingCache,
        readings: Readings,
        index: VectorIndex,
        ledger: Ledger,
        weights: Weights,
    ):
        """``readings`` are what the router of the re-ranker sees of a query."""
        self._catalogue = catalogue
        self._cache = cache
        self._readings = readings
        self._index = index
        self._ledger = ledger
        self._weights = weights
        self._kept: dict[str, OwnViews] = {}
        self._kept_views = 0
        self.reranker: Reranker | None = None

    def search(self, query: str, kinds: Collection[SkillKind], k: int, explain: bool) -> list[Hit]:
        """The best ``k`` skills of ``kinds``.

        Raises:
            LibraryDamagedError: an index cannot be read.
        """
        found = self.candidates(query, kinds, k)
        terms = {name: self.terms(one, self._weights) for name, one in found.items()}
        scores = {name: sum(parts.values()) for name, parts in terms.items()}
        best = order(scores)[:k]
        skills = self._catalogue.skills(best)
        return [
            Hit(
                skill=skills[name],
                score=scores[name],
                dense=found[name].evidence.dense,
                lexical=found[name].evidence.lexical,
                terms=terms[name],
                view=self._shown(found[name], explain),
            )
            for name in best
            if name in skills
        ]

    def compare(
        self, query: str, kinds: Collection[SkillKind], k: int, weights: Sequence[Weights]
    ) -> list[list[Ranked]]:
        """The best ``k`` by each of ``weights``, from one look into the indexes.

        Raises:
            LibraryDamagedError: an index cannot be read.
        """
        found = self.candidates(query, kinds, k)
        orders = []
        for one in weights:
            terms = {name: self.terms(candidate, one) for name, candidate in found.items()}
            scores = {name: sum(parts.values()) for name, parts in terms.items()}
            orders.append(
                [
                    Ranked(
                        name,
                        scores[name],
                        terms[name]["dense"] + terms[name]["lexical"],
                        found[name].evidence.lexical,
                    )
                    for name in order(scores)[:k]
                ]
            )
        return orders

    def terms(self, candidate: Candidate, weights: Weights) -> dict[str, float]:
        """The terms of a candidate's score."""
        model = self.reranker if weights.learned else None
        learned = model.correction(candidate.traits) if model else 0.0
        return terms_of(candidate.evidence, weights, learned)

    def candidates(
        self, query: str, kinds: Collection[SkillKind], k: int, own: str = ""
    ) -> dict[str, Candidate]:
        """Skills that are near in meaning or share words, with all that ranking wants to know.

        Args:
            own: a skill whose view does not count where it is the query itself, word for word.

        Raises:
            LibraryDamagedError: an index cannot be read.
        """
        kinds = [kind for kind in self._catalogue.kinds() if kind in kinds]
        if not kinds:
            return {}
        vector = self._cache.query(query)
        rows, near = self._nearest(vector, kinds, k)
        words = self._catalogue.words(query, kinds, WORD_SCORES)
        more = [id for id in islice(words, WORD_CANDIDATES + k) if id not in rows]
        rows |= self._catalogue.rows_of(more)
        standing = self._ledger.standing([row.name for row in rows.values()])
        avoid = self._avoidance(vector, rows)
        routed = self._routed(query)
        views = self._views(rows)
        cosines = cosines_of([views[id] for id in rows], vector)
        found = {}
        for (id, row), nearness in zip(rows.items(), cosines, strict=True):
            look = look_at(views[id].labels, nearness, near.get(id, ()), own=row.name == own)
            lexical = words.get(id, 0.0)
            evidence = Evidence(
                dense=look.dense,
                lexical=lexical,
                avoid=avoid.get(id, 0.0),
                counts=standing[row.name].counts,
                state=standing[row.name].state,
                agreed=look.agreed,
            )
            traits = Traits(
                look.pooled, look.described, look.asked, look.echo, lexical, routed.get(row.name)
            )
            found[row.name] = Candidate(row, look.view, evidence, traits)
        return found

    def _nearest(
        self, vector: Vectors, kinds: Collection[SkillKind], k: int
    ) -> tuple[dict[int, Row], Near]:
        """Rows near the query, and the views that brought them up.

        Views of one skill crowd together, so the search widens until enough skills are found.
        """
        wanted, limit = 2 * k + 5, 32 * k
        while True:
            hits = self._index.search(vector, kinds, limit)
            near, versions = _by_skill(hits)
            if len(near) >= wanted or len(hits) < limit or limit >= MOST_VIEWS:
                break
            limit = min(MOST_VIEWS, 3 * limit)
        rows = {
            id: row
            for id, row in self._catalogue.rows_of(list(near)[: 2 * wanted]).items()
            if row.digest.startswith(versions[id]) and row.kind in kinds
        }
        return rows, {id: near[id] for id in rows}

    def _views(self, rows: Mapping[int, Row]) -> dict[int, OwnViews]:
        """The views of each skill; the same content has the same ones."""
        found = {id: self._kept[row.digest] for id, row in rows.items() if row.digest in self._kept}
        missing = rows.keys() - found.keys()
        if not missing:
            return found
        labelled = self._catalogue.own_views(missing)
        known = self._vectors([key for part in labelled.values() for _, key in part], missing)
        if self._kept_views > KEPT_VIEWS:
            self._kept, self._kept_views = {}, 0
        for id in missing:
            part = labelled.get(id, [])
            vectors = np.stack([known[key] for _, key in part]) if part else _NONE
            found[id] = OwnViews([label for label, _ in part], vectors)
            self._kept[rows[id].digest] = found[id]
            self._kept_views += len(part)
        return found

    def _vectors(self, keys: Sequence[bytes], rows: Collection[int]) -> dict[bytes, Vectors]:
        """The vectors of the keys; those that the cache has lost are made again."""
        known = self._cache.lookup(keys)
        lost = set(keys) - known.keys()
        if lost:
            views = [view for part in self._catalogue.views_of(rows).values() for view in part]
            texts = {view.key: view.text for view in views if view.key in lost}
            known |= dict(zip(texts, self._cache.embed(list(texts.values())), strict=True))
        return known

    def _avoidance(self, vector: Vectors, rows: Mapping[int, Row]) -> dict[int, float]:
        """Cosine between the query and avoid-when, of the rows that have one."""
        keys = {id: row.avoid for id, row in rows.items() if row.avoid is not None}
        known = self._cache.lookup(list(keys.values()))
        return {id: float(np.dot(known[key], vector)) for id, key in keys.items() if key in known}

    def _routed(self, query: str) -> dict[str, float]:
        """Log-probabilities by the re-ranker's router."""
        if self.reranker is None:
            return {}
        router = self.reranker.router
        values = router.log_probabilities(self._readings.query(query)[np.newaxis])[0]
        return dict(zip(router.names, values.tolist(), strict=True))

    def _shown(self, candidate: Candidate, explain: bool) -> str:
        """The label of the view, and the start of its text when it is to be explained."""
        label, text = self._catalogue.shown_view(candidate.row.id, candidate.view)
        start = " ".join(text.split())[:SHOWN_CHARACTERS]
        return f"{label}: {start}" if explain and label else label


class Look(NamedTuple):
    """How near one skill is to a query, by its views."""

    pooled: float
    """Mean cosine of the views that describe it."""
    described: float
    """Best of them but the bare name."""
    asked: float
    """Best cosine of example and past requests; 0 without any."""
    echo: float
    view: int
    """The nearest one."""

    @property
    def dense(self) -> float:
        """Best cosine of all views but the bare name."""
        return max(self.described, self.asked) if self.asked else self.described

    @property
    def agreed(self) -> float:
        """The same when the describing views count by their mean."""
        return max(self.pooled, self.asked) if self.asked else self.pooled


def cosines_of(views: Sequence[OwnViews], vector: Vectors) -> list[list[float]]:
    """For each skill the cosines of its views with ``vector [width]``."""
    if not views:
        return []
    # Not by BLAS: there a row's last bits depend on how many rows there are.
    together = np.concatenate([one.vectors for one in views if len(one.labels)] or [_NONE])
    cosines = iter((together * vector).sum(axis=1).tolist())
    return [list(islice(cosines, len(one.labels))) for one in views]


def look_at(
    labels: Sequence[ViewLabel],
    cosines: Sequence[float],
    near: Collection[tuple[float, int]],
    own: bool,
) -> Look:
    """Sum up the views of one skill.

    Args:
        labels: of its views but its experiences.
        cosines: of each with the query.
        near: cosines and ordinals of views that the index found, experiences among them.
        own: a request that is the query itself does not count.
    """
    told, asked, names = list[tuple[float, int]](), list[tuple[float, int]](), list[float]()
    for at, (label, cosine) in enumerate(zip(labels, cosines, strict=True)):
        if label == "request":
            asked.append((cosine, at))
        elif label == "name":
            names.append(cosine)
        else:
            told.append((cosine, at))
    asked += [one for one in near if one[1] >= len(labels)]
    if own:
        asked = [one for one in asked if one[0] < SAME]
    weight = len(told) + NAME * len(names)
    total = sum(cosine for cosine, _ in told) + NAME * sum(names)
    described, at = max(told, key=itemgetter(0), default=NOWHERE)
    echoed, there = max(asked, key=itemgetter(0), default=NOWHERE)
    return Look(
        pooled=total / weight if weight else 0.0,
        described=described,
        asked=echoed,
        echo=echo_of([cosine for cosine, _ in asked]) if asked else 0.0,
        view=max((described, -at), (echoed, -there))[1] * -1,
    )


def _by_skill(hits: Collection[ViewHit]) -> tuple[Near, dict[int, str]]:
    """Views by skill, and the version of each skill's nearest one; others of it are outdated."""
    near: Near = {}
    versions: dict[int, str] = {}
    for hit in hits:
        id, version, ordinal = hit.id.split(".")
        if versions.setdefault(int(id), version) == version:
            near.setdefault(int(id), []).append((hit.cosine, int(ordinal)))
    return near, versions

"""Neighbour regression: do skills that lie close keep the requests they are asked by?

Relevance is weighed as in `store.ranking`: meaning, and the telling words a skill holds. Meaning alone
cannot tell ``pad left`` from ``pad right``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from math import log

import numpy as np

from skillweave.agent.growth.verdict import Candidate
from skillweave.skills.model import Frozen, Skill
from skillweave.store.embed import Embedder, Vectors
from skillweave.store.lexical import query_words
from skillweave.store.library import Library
from skillweave.store.ranking import Weights
from skillweave.store.views import View, spoken, views_of

NEIGHBOURS = 6
DENSE = Weights().dense
MARGIN = 0.1
"""Relevance by which the candidate must be ahead to take a request away."""
TOLERATED = 0.18
"""Share of a neighbour's requests that may go: some always lie between two skills. Of the tools that the
gate was developed on only opposites (pad left, pad right) take more, and every shadow of a neighbour does."""
_ENDINGS = ("ing", "ed", "es", "s")


class Views:
    """Vectors of the views of skills and candidates, computed once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, Vectors] = {}

    def of(self, texts: Sequence[str]) -> Vectors:
        """``[n, width]`` unit vectors."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known.update(zip(missing, self._embedder.embed(missing), strict=True))
        return np.stack([self._known[text] for text in texts])

    def nearest(self, request: str, candidate: Candidate) -> float:
        """Cosine between a request and the candidate's nearest view."""
        views = self.of([view.text for view in views_of(candidate.skill)])
        return float((views @ self.of([request])[0]).max())


class Loss(Frozen):
    """What a neighbour would lose."""

    neighbour: str
    lost: int
    requests: int
    example: str = ""

    @property
    def clear(self) -> bool:
        """More than is tolerated."""
        return self.lost > 1 and self.lost > TOLERATED * self.requests


class Words:
    """How telling each word of a library's skills is, and how much of a request a text holds."""

    def __init__(self, skills: Sequence[Skill]) -> None:
        self._number = len(skills)
        texts = ([skill.name, skill.description, *skill.requests] for skill in skills)
        self._held = Counter(word for text in texts for word in words_of(text))

    def share(self, request: str, held: Collection[str]) -> float:
        """The share of the request's words among ``held``, rare words counting more, 0..1."""
        weights = {word: self._weight(word) for word in words_of([request])}
        total = sum(weights.values())
        return sum(weights[word] for word in weights if word in held) / total if total else 0.0

    def _weight(self, word: str) -> float:
        return max(1e-6, log((self._number + 0.5) / (self._held[word] + 0.5)))


def words_of(texts: Sequence[str]) -> frozenset[str]:
    """The telling words of some texts, without their endings."""
    return frozenset(_stem(word) for text in texts for word in query_words(spoken(text)))


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word.removesuffix(ending)
    return word


def losses(
    candidate: Candidate, library: Library, views: Views, without: Collection[str] = ()
) -> list[Loss]:
    """Neighbour by neighbour, nearest first; it ends at the first clear loss."""
    found: list[Loss] = []
    own = [view.text for view in views_of(candidate.skill)]
    words = Words(library.list(kinds={candidate.skill.kind}))
    for neighbour in _near(candidate, library, without):
        found.append(_loss(neighbour, own, views, words))
        if found[-1].clear:
            break
    return found


def _near(candidate: Candidate, library: Library, without: Collection[str]) -> list[Skill]:
    """By description and by some of the requests, in turn: a shadow shows in either."""
    skill = candidate.skill
    spread = skill.requests[:: max(1, len(skill.requests) // 4)][:4]
    barred = {*without, skill.name}
    near: dict[str, Skill] = {}
    found = [
        library.search(query, kinds={skill.kind}, k=NEIGHBOURS + len(without))
        for query in (skill.description, *spread)
    ]
    for place in range(NEIGHBOURS):
        for hits in found:
            kept = [hit.skill for hit in hits if hit.skill.name not in barred]
            near |= {one.name: one for one in kept[place : place + 1]}
    return list(near.values())[: 2 * NEIGHBOURS]


def _loss(neighbour: Skill, own: Sequence[str], views: Views, words: Words) -> Loss:
    """Each request of the neighbour in turn is asked, as if it were not one of its views."""
    all_views: list[View] = list(views_of(neighbour))
    texts = [view.text for view in all_views]
    vectors, mine, my_words = views.of(texts), views.of(own), words_of(own)
    taken = []
    asked = [n for n, view in enumerate(all_views) if view.label == "request"]
    for n in asked:
        rest, others = np.delete(vectors, n, axis=0), texts[:n] + texts[n + 1 :]
        dense = float((mine @ vectors[n]).max()) - float((rest @ vectors[n]).max())
        theirs = words.share(texts[n], words_of(others))
        lexical = words.share(texts[n], my_words) - theirs
        if DENSE * dense + (1 - DENSE) * lexical > MARGIN:
            taken.append(texts[n])
    return Loss(
        neighbour=neighbour.name,
        lost=len(taken),
        requests=len(asked),
        example=taken[0] if taken else "",
    )

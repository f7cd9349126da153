"""Training the re-ranker on the requests that the library's skills solved, or say that they solve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from skillweave.skills.model import KINDS, Frozen, Skill
from skillweave.store.embed import Vectors
from skillweave.store.learned import Episode, Reranker, features, train_mixer, train_router
from skillweave.store.ledger import Counts, Ledger
from skillweave.store.ranking import Weights, terms_of
from skillweave.store.routing import Readings
from skillweave.store.search import Candidate, Searcher

FEWEST_REQUESTS = 50
FEWEST_SKILLS = 3
FOLDS = 3
EPISODES = 1200
"""Past requests that are searched again, to fit the mixer and to judge it."""
FORGOTTEN = 0.3
"""Share of the skills whose history is hidden from an episode, so that new skills keep a chance."""
POOL = 10


class RankingReport(Frozen):
    """What training the re-ranker gave; rates are over past requests that it was not fitted to."""

    requests: int
    skills: int
    judged: int
    before: float
    """Share of them for which the right skill comes first without the re-ranker."""
    after: float
    """The same with it."""
    kept: bool
    """Whether it is used from now on: only when it is better."""


class Solved(NamedTuple):
    """One request, verified or an example that the skill itself gives."""

    skill: str
    text: str


def history_of(ledger: Ledger, skills: Sequence[Skill]) -> list[Solved]:
    """All verified requests and all examples that ``skills`` give, each once."""
    told = ledger.requests()
    pairs = [Solved(name, text) for name, texts in sorted(told.items()) for text in texts]
    pairs += [Solved(skill.name, text) for skill in skills for text in skill.requests]
    return list(dict.fromkeys(pairs))


def tune(
    searcher: Searcher,
    readings: Readings,
    history: Sequence[Solved],
    weights: Weights,
    was_trained_on: Callable[[str], bool],
) -> tuple[Reranker | None, RankingReport]:
    """Fit a re-ranker, and judge it on a half of the searched requests that it was not fitted to.

    Args:
        readings: what the router sees of requests.
        was_trained_on: whether an embedder behind them has seen a request with its skill; such a request is
            learned from, but neither searched again nor judged.
    """
    # On a busy machine, threads that wait for each other are many times slower than one.
    with ThreadpoolController().limit(limits=1, user_api="blas"):
        return _tune(searcher, readings, history, weights, was_trained_on)


def _tune(
    searcher: Searcher,
    readings: Readings,
    history: Sequence[Solved],
    weights: Weights,
    was_trained_on: Callable[[str], bool],
) -> tuple[Reranker | None, RankingReport]:
    chance = np.random.default_rng(0)
    names = {one.skill for one in history}
    report = RankingReport(
        requests=len(history), skills=len(names), judged=0, before=0.0, after=0.0, kept=False
    )
    if len(history) < FEWEST_REQUESTS or len(names) < FEWEST_SKILLS:
        return None, report
    vectors = readings.embed([one.text for one in history])
    skills = [one.skill for one in history]
    folds = chance.integers(0, FOLDS, len(history))
    mixed = chance.permutation(len(history))
    asked = np.array([at for at in mixed if not was_trained_on(history[at].text)][:EPISODES], int)
    found: list[tuple[str, dict[str, Candidate]]] = []
    for fold in range(FOLDS):
        rest = np.flatnonzero(folds != fold)
        if len({skills[at] for at in rest}) < FEWEST_SKILLS:
            continue
        searcher.reranker = Reranker(
            train_router(vectors[rest], [skills[at] for at in rest]), np.zeros(0, np.float32)
        )
        for at in asked[folds[asked] == fold]:
            one = history[at]
            candidates = searcher.candidates(one.text, KINDS, POOL, own=one.skill)
            if one.skill in candidates:
                found.append((one.skill, candidates))
    searcher.reranker = None
    fitted = [_episode(*one, weights, _forgotten(one[1], chance)) for one in found[::2]]
    judged = [_episode(*one, weights, frozenset()) for one in found[1::2]]
    if not fitted or not judged:
        return None, report
    mixer = train_mixer(fitted)
    before = _share_right(judged, np.zeros_like(mixer))
    after = _share_right(judged, mixer)
    report = report.model_copy(
        update={"judged": len(judged), "before": before, "after": after, "kept": after > before}
    )
    if not report.kept:
        return None, report
    return Reranker(train_router(vectors, skills), mixer), report


def _forgotten(candidates: dict[str, Candidate], chance: np.random.Generator) -> frozenset[str]:
    return frozenset(name for name in candidates if chance.random() < FORGOTTEN)


def _episode(
    right: str, candidates: dict[str, Candidate], weights: Weights, forgotten: frozenset[str]
) -> Episode:
    base, rows = [], []
    for name, one in candidates.items():
        evidence, traits = one.evidence, one.traits
        if name in forgotten:
            traits = traits.hidden()
            evidence = evidence._replace(
                dense=traits.described, agreed=traits.pooled, counts=Counts()
            )
        base.append(sum(terms_of(evidence, weights).values()))
        rows.append(features(traits))
    return Episode(
        base=np.array(base, np.float32),
        features=np.array(rows, np.float32),
        right=list(candidates).index(right),
    )


def _share_right(episodes: Sequence[Episode], mixer: Vectors) -> float:
    first = [int(np.argmax(one.base + one.features @ mixer)) == one.right for one in episodes]
    return sum(first) / len(first)

"""Libraries to be asked, their past, and how well they answer with each ranking term left out."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from skillweave.evals.retrieval_data import Pool, Query
from skillweave.evals.retrieval_metrics import Quality, Row, quality
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.model import Skill
from skillweave.store.embed import Embedder
from skillweave.store.library import Library
from skillweave.store.ranking import Hit, Weights
from skillweave.store.reading import SET_POOL
from skillweave.store.selecting import choose, parts_of

NEAR_COPY = 0.8
HELD_OUT = 0.2
K = 10
EVERYTHING = "skillweave"
ABLATIONS: Mapping[str, Weights] = {
    EVERYTHING: Weights(),
    "without lexical": Weights(dense=1.0),
    "without dense": Weights(dense=0.0),
    "without agreement": Weights(agreement=0.0),
    "without prior": Weights(prior=0.0),
    "without boundary": Weights(boundary=0.0),
    "without learned": Weights(learned=0.0),
    "maximum over views alone": Weights(
        dense=1.0, agreement=0.0, prior=0.0, boundary=0.0, stale=0.0, learned=0.0
    ),
}


class Split(NamedTuple):
    """One seed's view of a pool."""

    asked: tuple[Query, ...]
    solved: tuple[Query, ...]
    """In the order in which they were solved."""
    far: tuple[bool, ...]
    """For each asked query: no near copy of it was solved."""
    unseen: frozenset[str]
    """Skills without any past in the split by tool."""


def split_pool(pool: Pool, seed: int, asked: int, embedder: Embedder) -> Split:
    """Deal the queries: ``asked`` of them are asked, the others are the past."""
    dealt = list(pool.queries)
    chance = random.Random(seed)
    chance.shuffle(dealt)
    now, past = dealt[:asked], dealt[asked:]
    vectors = embedder.embed([query.text for query in past])
    mine = embedder.embed([query.text for query in now])
    nearest = np.concatenate([(part @ vectors.T).max(axis=1) for part in np.array_split(mine, 16)])
    names = sorted(skill.name for skill in pool.skills)
    unseen = frozenset(chance.sample(names, int(HELD_OUT * len(names))))
    return Split(tuple(now), tuple(past), tuple((nearest < NEAR_COPY).tolist()), unseen)


@contextmanager
def library_of(skills: Sequence[Skill], embedder: Embedder) -> Iterator[Library]:
    """A library in a temporary folder that holds just ``skills``."""
    with (
        TemporaryDirectory() as folder,
        Library(Path(folder) / "library", embedder=embedder, builtin=False) as library,
    ):
        library.add_all([WrappedSkill(skill, {}, Path(skill.name)) for skill in skills])
        yield library


def remember(library: Library, solved: Sequence[Query]) -> None:
    """Let the library know, and learn from, what it solved."""
    by_skill: dict[str, list[str]] = {}
    for query in solved:
        by_skill.setdefault(query.right[0], []).append(query.text)
    library.remember(by_skill)
    library.learn_ranking()


def judged(
    library: Library, asked: Sequence[Query], by: Mapping[str, Weights] = ABLATIONS
) -> dict[str, list[Quality]]:
    """The quality of every query's order, by ablation."""
    found: dict[str, list[Quality]] = {name: [] for name in by}
    for query in asked:
        orders = library.compare(query.text, list(by.values()), k=K)
        for name, order in zip(by, orders, strict=True):
            found[name].append(quality([one.name for one in order], query.right))
    return found


def sets_judged(library: Library, asked: Sequence[Query]) -> tuple[Row, ...]:
    """Sets chosen for requests of several parts, as `Library.select` does, and plain search beside."""
    found = []
    for query in asked:
        parts = [library.search(part, k=SET_POOL) for part in parts_of(query.text)]
        found.append((library.search(query.text, k=SET_POOL), parts))
    rows = [
        row_of(name, [_names(choose(*one, diversity, K)) for one in found], asked)
        for name, diversity in ((EVERYTHING, Weights().diversity), ("without diversity", 0.0))
    ]
    plain = row_of("without parts: plain search", [_names(whole[:K]) for whole, _ in found], asked)
    return (*rows, plain)


def row_of(name: str, orders: Sequence[Sequence[str]], asked: Sequence[Query]) -> Row:
    """One system's row for one set of queries."""
    pairs = zip(orders, asked, strict=True)
    return Row.of(name, [[quality(order, query.right) for order, query in pairs]])


def _names(hits: Sequence[Hit]) -> list[str]:
    return [hit.skill.name for hit in hits]

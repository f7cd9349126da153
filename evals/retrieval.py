"""How well a library finds the right skill: every ranking term, growth by experience, "nothing fits".

Queries are split at random (by seed) into those that are asked and those that the library has solved
before; a setting is chosen on the latter only. Far queries have no near copy (cosine 0.8 or more) among
the solved ones.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from skillweave.evals.machine import Machine, this_machine
from skillweave.evals.retrieval_baselines import by_bm25, by_minilm
from skillweave.evals.retrieval_data import Pool, Query, bfcl, hashes, metatool
from skillweave.evals.retrieval_metrics import Mean, Quality, Row, quality
from skillweave.evals.thresholds import Rate, half_of, separation
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.model import Frozen, Skill
from skillweave.store.embed import Embedder
from skillweave.store.library import Library
from skillweave.store.ranking import Hit, Ranked, Weights
from skillweave.store.reading import SET_POOL
from skillweave.store.selecting import choose, parts_of

SOLVED = (0, 100, 500, 2000, 5000, 100_000)
"""Sizes of the past at which the library is asked; the last stands for all."""
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
Progress = Callable[[str], None]


class Split(NamedTuple):
    """One seed's view of a pool."""

    asked: tuple[Query, ...]
    solved: tuple[Query, ...]
    """In the order in which they were solved."""
    far: tuple[bool, ...]
    """For each asked query: no near copy of it was solved."""
    unseen: frozenset[str]
    """Skills without any past in the split by tool."""


class Stage(Frozen):
    """The library at one size of its past."""

    solved: int
    rows: tuple[Row, ...]
    far: tuple[Row, ...]


class Abstention(Frozen):
    """Saying "nothing fits" below a threshold that was chosen on other tools than it is judged on."""

    score: str
    threshold: float
    separation: float
    precision: Rate
    """Of the refused queries, those whose tool the library lacks."""
    recall: Rate
    """Of the queries whose tool it lacks, the refused."""
    kept: Rate
    """Of the queries whose tool it has, those not refused."""


class RetrievalFigures(Frozen):
    """What `skillweave eval retrieval` writes."""

    command: str
    made: str
    machine: Machine
    data: dict[str, str]
    """sha256 by file."""
    seeds: int
    asked: int
    skills: int
    baselines: tuple[Row, ...]
    growth: tuple[Stage, ...]
    two_tools: tuple[Row, ...]
    two_tools_all_solved: tuple[Row, ...]
    bfcl: tuple[Row, ...]
    unseen_tools: tuple[Row, ...]
    """Tools without a past, among others that have all of theirs: asked for the first, the second."""
    abstention: tuple[Abstention, ...]
    notes: tuple[str, ...] = (
        "Two-tool recall@5 is of Library.select; its parts' joining words and their weight were chosen"
        " with a look at these queries, there are no others.",
        "MetaTool and BFCL have no avoid-when, toolkits or requirements: those terms change nothing here.",
        "Other pools, not comparable: ToolRet nDCG@10 MiniLM 16.3, NV-Embed 33.8 (43,215 tools);"
        " SkillRet fine-tuned 83.5 (17,810 skills); SkillRouter hit@1 74.0 (about 80,000 skills).",
    )


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


def judged(library: Library, asked: Sequence[Query]) -> dict[str, list[Quality]]:
    """The quality of every query's order, by ablation."""
    found: dict[str, list[Quality]] = {name: [] for name in ABLATIONS}
    for query in asked:
        orders = library.compare(query.text, list(ABLATIONS.values()), k=K)
        for name, order in zip(ABLATIONS, orders, strict=True):
            found[name].append(quality([one.name for one in order], query.right))
    return found


def sets_judged(library: Library, asked: Sequence[Query]) -> tuple[Row, ...]:
    """Sets chosen for requests of several parts, as `Library.select` does, and plain search beside."""
    found = []
    for query in asked:
        parts = [library.search(part, k=SET_POOL) for part in parts_of(query.text)]
        found.append((library.search(query.text, k=SET_POOL), parts))
    rows = [
        _row(name, [_names(choose(*one, diversity, K)) for one in found], asked)
        for name, diversity in ((EVERYTHING, Weights().diversity), ("without diversity", 0.0))
    ]
    plain = _row("without parts: plain search", [_names(whole[:K]) for whole, _ in found], asked)
    return (*rows, plain)


def _names(hits: Sequence[Hit]) -> list[str]:
    return [hit.skill.name for hit in hits]


def _row(name: str, orders: Sequence[Sequence[str]], asked: Sequence[Query]) -> Row:
    pairs = zip(orders, asked, strict=True)
    return Row.of(name, [[quality(order, query.right) for order, query in pairs]])


def baselines(pool: Pool, asked: Sequence[Query], embedder: Embedder) -> tuple[Row, ...]:
    """BM25 and MiniLM on descriptions."""
    texts = [query.text for query in asked]
    return (
        _row("BM25 on descriptions", by_bm25(pool.skills, texts), asked),
        _row("MiniLM on descriptions", by_minilm(pool.skills, texts, embedder), asked),
    )


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


def run_retrieval(
    folder: Path, embedder: Embedder, *, seeds: int, asked: int, command: str, tell: Progress
) -> RetrievalFigures:
    """All but the scale; the figures' order is that of the tables."""
    machine = this_machine()
    pool, double = metatool(folder)
    functions = bfcl(folder)
    growth: dict[int, list[dict[str, list[Quality]]]] = {}
    far: list[tuple[bool, ...]] = []
    seen: list[Seen] = []
    pairs: dict[int, tuple[Row, ...]] = {}
    for seed in range(1, seeds + 1):
        split = split_pool(pool, seed, asked, embedder)
        far.append(split.far)
        with library_of(pool.skills, embedder) as library:
            done = 0
            for size in sorted({min(size, len(split.solved)) for size in SOLVED}):
                if size > done:
                    remember(library, split.solved[done:size])
                done = size
                growth.setdefault(size, []).append(judged(library, split.asked))
                if seed == 1 and size in (0, len(split.solved)):
                    pairs[size] = sets_judged(library, double)
                first = Mean.of([one.hit1 for one in growth[size][-1][EVERYTHING]])
                tell(f"seed {seed}, {size} solved: hit@1 {first.mean}")
        seen.append(by_tool(pool, split, embedder))
        tell(f"seed {seed}, split by tool")
    with library_of(functions.skills, embedder) as library:
        of_functions = judged(library, functions.queries)
    return RetrievalFigures(
        command=command,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine,
        data=hashes(folder),
        seeds=seeds,
        asked=asked,
        skills=len(pool.skills),
        baselines=baselines(pool, pool.queries, embedder),
        growth=tuple(_stage(size, found, far) for size, found in growth.items()),
        two_tools=(*baselines(pool, double, embedder), *pairs[0]),
        two_tools_all_solved=pairs[max(pairs)],
        bfcl=(
            *baselines(functions, functions.queries, embedder),
            *(Row.of(name, [found]) for name, found in of_functions.items()),
        ),
        unseen_tools=(
            Row.of("tools without a past", [one.of_unseen for one in seen]),
            Row.of("tools with a past", [one.of_seen for one in seen]),
        ),
        abstention=(
            abstention(seen, "relevance", lambda best: best.relevance),
            abstention(seen, "score", lambda best: best.score),
        ),
    )


def _stage(
    solved: int, found: Sequence[Mapping[str, Sequence[Quality]]], far: Sequence[Sequence[bool]]
) -> Stage:
    def far_of(name: str) -> list[list[Quality]]:
        return [
            [one for one, keep in zip(seed[name], flags, strict=True) if keep]
            for seed, flags in zip(found, far, strict=True)
        ]

    return Stage(
        solved=solved,
        rows=tuple(Row.of(name, [seed[name] for seed in found]) for name in ABLATIONS),
        far=tuple(Row.of(name, far_of(name)) for name in ABLATIONS),
    )

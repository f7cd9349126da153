"""How well a library finds the right skill: every ranking term, growth by experience, "nothing fits".

Queries are split at random (by seed) into those that are asked and those that the library has solved
before; a setting is chosen on the latter only. Far queries have no near copy (cosine 0.8 or more) among
the solved ones.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from skillweave.evals.machine import this_machine
from skillweave.evals.retrieval_abstention import Seen, abstention, by_signs, by_tool
from skillweave.evals.retrieval_baselines import by_bm25, by_minilm
from skillweave.evals.retrieval_data import Pool, Query, bfcl, hashes, metatool
from skillweave.evals.retrieval_figures import RetrievalFigures, Stage
from skillweave.evals.retrieval_libraries import (
    ABLATIONS,
    EVERYTHING,
    Split,
    judged,
    library_of,
    remember,
    row_of,
    sets_judged,
    split_pool,
)
from skillweave.evals.retrieval_metrics import Mean, Quality, Row
from skillweave.store.embed import Embedder

SOLVED = (0, 100, 500, 2000, 5000, 100_000)
"""Sizes of the past at which the library is asked; the last stands for all."""
Progress = Callable[[str], None]


@dataclass
class Answers:
    """All that was asked so far."""

    growth: dict[int, list[dict[str, list[Quality]]]] = field(default_factory=dict)
    """By size of the past, for every seed, by ablation."""
    far: list[tuple[bool, ...]] = field(default_factory=list)
    """By seed."""
    seen: list[Seen] = field(default_factory=list)
    pairs: dict[int, tuple[Row, ...]] = field(default_factory=dict)


def baselines(pool: Pool, asked: Sequence[Query], embedder: Embedder) -> tuple[Row, ...]:
    """BM25 and MiniLM on descriptions."""
    texts = [query.text for query in asked]
    return (
        row_of("BM25 on descriptions", by_bm25(pool.skills, texts), asked),
        row_of("MiniLM on descriptions", by_minilm(pool.skills, texts, embedder), asked),
    )


def run_retrieval(
    folder: Path,
    embedder: Embedder,
    *,
    seeds: int,
    asked: int,
    command: str,
    tell: Progress,
    keep: Callable[[RetrievalFigures], None] = lambda _: None,
) -> RetrievalFigures:
    """All but terms, shadowing and scale; ``keep`` gets the figures of the seeds so far."""
    machine = this_machine()
    pool, double = metatool(folder)
    functions = bfcl(folder)
    plain = baselines(pool, pool.queries, embedder)
    plain_double = baselines(pool, double, embedder)
    plain_functions = baselines(functions, functions.queries, embedder)
    with library_of(functions.skills, embedder) as library:
        of_functions = judged(library, functions.queries)
    tell(f"BFCL: hit@1 {Mean.of([one.hit1 for one in of_functions[EVERYTHING]]).mean}")
    together = _together(pool, functions, asked, embedder)
    tell(f"both pools: hit@1 {together[0].hit1.mean}, {together[1].hit1.mean}")
    answers = Answers()
    for seed in range(1, seeds + 1):
        split = split_pool(pool, seed, asked, embedder)
        _ask(answers, pool, split, double, embedder, tell)
        figures = RetrievalFigures(
            command=command,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            machine=machine,
            data=hashes(folder),
            seeds=seed,
            asked=asked,
            skills=len(pool.skills),
            baselines=plain,
            growth=tuple(_stage(size, one, answers.far) for size, one in answers.growth.items()),
            two_tools=(*plain_double, *answers.pairs[0]),
            two_tools_all_solved=answers.pairs[max(answers.pairs)],
            bfcl=(*plain_functions, *(Row.of(name, [one]) for name, one in of_functions.items())),
            together=together,
            unseen_tools=(
                Row.of("tools without a past", [one.of_unseen for one in answers.seen]),
                Row.of("tools with a past", [one.of_seen for one in answers.seen]),
            ),
            abstention=(
                abstention(answers.seen, "relevance", lambda order: order[0].relevance),
                abstention(answers.seen, "score", lambda order: order[0].score),
                by_signs(answers.seen),
            ),
        )
        keep(figures)
    return figures


def _ask(
    answers: Answers,
    pool: Pool,
    split: Split,
    double: Sequence[Query],
    embedder: Embedder,
    tell: Progress,
) -> None:
    """One seed: at every size of the past, then by tool. Pairs are asked once, they have no split."""
    answers.far.append(split.far)
    seed = len(answers.far)
    with library_of(pool.skills, embedder) as library:
        done = 0
        for size in sorted({min(size, len(split.solved)) for size in SOLVED}):
            if size > done:
                remember(library, split.solved[done:size])
            done = size
            found = judged(library, split.asked)
            answers.growth.setdefault(size, []).append(found)
            if seed == 1 and size in (0, len(split.solved)):
                answers.pairs[size] = sets_judged(library, double)
            right = Mean.of([one.hit1 for one in found[EVERYTHING]])
            tell(f"seed {seed}, {size} solved: hit@1 {right.mean}")
    answers.seen.append(by_tool(pool, split, embedder))
    tell(f"seed {seed}, split by tool")


def _together(one: Pool, two: Pool, asked: int, embedder: Embedder) -> tuple[Row, Row]:
    """Queries of each pool to a library that holds both."""
    names = {skill.name for skill in one.skills}
    others = [skill for skill in two.skills if skill.name not in names]
    chance = random.Random(0)
    known = {skill.name for skill in others}
    first = chance.sample(one.queries, min(asked, len(one.queries)))
    second = [query for query in two.queries if known.issuperset(query.right)]
    with library_of([*one.skills, *others], embedder) as library:
        of_one = judged(library, first, {EVERYTHING: ABLATIONS[EVERYTHING]})
        of_two = judged(library, second, {EVERYTHING: ABLATIONS[EVERYTHING]})
    return (
        Row.of("queries of MetaTool", [of_one[EVERYTHING]]),
        Row.of("queries of BFCL", [of_two[EVERYTHING]]),
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

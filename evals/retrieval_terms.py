"""What the ranking terms are worth that public pools have no use for: MetaTool, every tool with a twin.

A twin does the same in the same words, so that nothing but the term under test tells the two apart:
prior: the twin failed where the tool succeeded; boundary: the twin says by three past requests when to
avoid it; toolkits: both share one, and a set has no place for both; closure: each tool requires a
helper that no request names.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from skillweave.evals.machine import Machine, this_machine
from skillweave.evals.retrieval_data import Pool, Query, hashes, metatool
from skillweave.evals.retrieval_libraries import judged, library_of
from skillweave.evals.retrieval_metrics import Mean, Quality
from skillweave.skills.model import Frozen, Skill
from skillweave.store.embed import Embedder
from skillweave.store.ranking import Weights

USES = 4
"""Successes of every tool, failures of its twin."""
AVOIDED = 3
SET = 5


class Term(Frozen):
    """One term, on and off."""

    term: str
    measure: str
    queries: int
    on: Mean
    off: Mean


class TermFigures(Frozen):
    """What `skillweave eval retrieval --part terms` writes."""

    command: str
    made: str
    machine: Machine
    data: dict[str, str]
    tools: int
    terms: tuple[Term, ...]


def run_terms(
    folder: Path, embedder: Embedder, *, asked: int, command: str, tell: Callable[[str], None]
) -> TermFigures:
    """All four; the queries asked are not among those that avoid-when repeats."""
    pool, double = metatool(folder)
    queries = list(pool.queries)
    random.Random(0).shuffle(queries)
    now, past = queries[:asked], queries[asked:]
    pairs = double[:asked]
    terms = [_prior(pool, now, embedder), _boundary(pool, now, past, embedder)]
    terms += _sets(pool, pairs, embedder)
    for term in terms:
        tell(f"{term.term}: {term.on.mean} with it, {term.off.mean} without")
    return TermFigures(
        command=command,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=this_machine(),
        data=hashes(folder),
        tools=len(pool.skills),
        terms=tuple(terms),
    )


class Twins(NamedTuple):
    """A tool under a new name, and the same under another."""

    tool: Skill
    twin: Skill


def twins_of(skills: Sequence[Skill]) -> list[Twins]:
    """Named so that nothing favours one of two: the tool is now the first of them, now the second."""
    found = []
    for at, skill in enumerate(skills):
        names = [f"{skill.name[:60].strip('-')}-{word}" for word in ("one", "two")]
        pair = [skill.model_copy(update={"name": name}) for name in names]
        found.append(Twins(*(pair if at % 2 == 0 else pair[::-1])))
    return found


def _renamed(pool: Pool, twins: Sequence[Twins], asked: Sequence[Query]) -> list[Query]:
    names = {old.name: new.tool.name for old, new in zip(pool.skills, twins, strict=True)}
    return [Query(query.text, tuple(names[name] for name in query.right)) for query in asked]


def _prior(pool: Pool, asked: Sequence[Query], embedder: Embedder) -> Term:
    twins = twins_of(pool.skills)
    with library_of([one for pair in twins for one in pair], embedder) as library:
        for pair in twins:
            for _ in range(USES):
                library.record(pair.tool.name, "succeeded")
                library.record(pair.twin.name, "failed")
        weights = {"on": Weights(), "off": Weights(prior=0.0)}
        found = judged(library, _renamed(pool, twins, asked), weights)
    return _first("prior", found)


def _boundary(
    pool: Pool, asked: Sequence[Query], past: Sequence[Query], embedder: Embedder
) -> Term:
    solved: dict[str, list[str]] = {}
    for query in past:
        solved.setdefault(query.right[0], []).append(query.text)
    twins = [
        pair._replace(
            twin=pair.twin.model_copy(
                update={"avoid_when": " ".join(solved.get(skill.name, [])[:AVOIDED])}
            )
        )
        for skill, pair in zip(pool.skills, twins_of(pool.skills), strict=True)
    ]
    with library_of([one for pair in twins for one in pair], embedder) as library:
        weights = {"on": Weights(), "off": Weights(boundary=0.0)}
        found = judged(library, _renamed(pool, twins, asked), weights)
    return _first("boundary", found)


def _first(term: str, found: dict[str, list[Quality]]) -> Term:
    return Term(
        term=term,
        measure="the tool and not its twin comes first",
        queries=len(found["on"]),
        on=Mean.of([one.hit1 for one in found["on"]]),
        off=Mean.of([one.hit1 for one in found["off"]]),
    )


def _sets(pool: Pool, asked: Sequence[Query], embedder: Embedder) -> list[Term]:
    """Both toolkits of a request for two tools, and the helpers of all tools that were chosen."""
    helpers = {skill.name: f"helper-{at}" for at, skill in enumerate(pool.skills)}
    tools = [
        skill.model_copy(update={"toolkit": skill.name, "requires": (helpers[skill.name],)})
        for skill in pool.skills
    ]
    parts = [
        Skill(name=name, description=f"Internal part {name}.", kind="guide")
        for name in helpers.values()
    ]
    both_of_all = [one for pair in twins_of(tools) for one in pair]
    both: dict[bool, list[float]] = {True: [], False: []}
    whole: dict[bool, list[float]] = {True: [], False: []}
    with library_of([*both_of_all, *parts], embedder) as library:
        for query in asked:
            for on in (True, False):
                weights = Weights(toolkits=on, closure=on)
                chosen = library.select(query.text, k=SET, weights=weights)
                kits = {hit.skill.toolkit for hit in chosen.hits}
                both[on].append(len(kits.intersection(query.right)) / len(query.right))
                there = {hit.skill.name for hit in chosen.hits}
                there |= {skill.name for skill in chosen.required}
                needed = {name for hit in chosen.hits for name in hit.skill.requires}
                whole[on].append(float(needed <= there))
    return [
        Term(
            term=term,
            measure=measure,
            queries=len(asked),
            on=Mean.of(found[True]),
            off=Mean.of(found[False]),
        )
        for term, measure, found in (
            ("toolkits", f"share of the two tools, or their twins, in a set of {SET}", both),
            ("closure", "sets that hold all that their skills require", whole),
        )
    ]

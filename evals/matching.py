"""What ``min_match`` should be: from goals whose right tools were told by hand.

``data/goals.jsonl`` holds one `Goal` a line: the wordings of nano's corpus, filled with random
values, and a hundred that nobody's library serves. Cases are the outcomes of a real search:
``right`` (a right tool comes first), ``missed`` (another comes first), ``unserved`` (no skill of the
library does it), and ``hidden`` (the first one when the right tools are taken away).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from skillweave.agent.nodes.retrieve import POOL, best_hits, queries_of
from skillweave.agent.plan import Literal as Value
from skillweave.agent.plan import Step
from skillweave.evals.thresholds import (
    RULE,
    Choice,
    Neighbours,
    Rate,
    Split,
    choose,
    neighbour_scores,
    quantiles,
    split,
)
from skillweave.skills.model import Frozen, Skill, SkillKind
from skillweave.store.embed import EmbeddingCache, MiniLMEmbedder
from skillweave.store.library import Library
from skillweave.store.prepared import prepared_vectors
from skillweave.store.ranking import Hit
from skillweave.store.views import views_of

GOALS = Path(__file__).parent / "data" / "goals.jsonl"
KINDS: frozenset[SkillKind] = frozenset({"tool", "adapter"})

Sort = Literal["right", "missed", "unserved", "hidden"]


class Goal(Frozen):
    """The goal of a step with its values, and the skills that do it; none of the built-in ones may."""

    goal: str
    inputs: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()

    @property
    def step(self) -> Step:
        """The goal as the planner would state it."""
        return Step(id=1, goal=self.goal, inputs=tuple(Value(text=text) for text in self.inputs))


class Case(NamedTuple):
    """The outcome of one search."""

    sort: Sort
    key: str
    """Cases of one key fall into the same half."""
    relevance: float
    cosine: float


class MatchFigures(Frozen):
    """The threshold of the agent, next to what the cosine alone would give."""

    rule: str = RULE
    goals: int
    same_as_a_view: int
    """Goals that stand word for word in the library; they are left out."""
    cases: dict[Sort, int]
    chosen: Choice
    by_cosine: Choice
    neighbours: Neighbours


def load_goals(path: Path = GOALS) -> tuple[Goal, ...]:
    """Read the labelled goals."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(Goal.model_validate(json.loads(line)) for line in lines)


def cases_of(goal: Goal, hits: Sequence[Hit], known: frozenset[str]) -> list[Case]:
    """What one search shows.

    Args:
        known: names of the skills that the library has.
    """
    right = known.intersection(goal.tools)
    key = min(right, default=goal.goal)
    if not right:
        return [_case("unserved", key, hits)]
    first = hits[0].skill.name if hits else ""
    left = [hit for hit in hits if hit.skill.name not in right]
    sort: Sort = "right" if first in right else "missed"
    return [_case(sort, key, hits), _case("hidden", key, left)]


def _case(sort: Sort, key: str, hits: Sequence[Hit]) -> Case:
    """The agent goes on when any skill is above the threshold, so the best score is the case's."""
    relevance = max((hit.relevance for hit in hits), default=0.0)
    return Case(sort, key, relevance, max((hit.dense for hit in hits), default=0.0))


def figures_of(
    cases: Sequence[Case], goals: int, same: int, neighbours: Neighbours
) -> MatchFigures:
    """Choose the threshold from all cases; hidden ones are judged, yet count in no precision."""
    sorts: tuple[Sort, ...] = ("missed", "unserved", "hidden")

    def chosen(name: str, score: Callable[[Case], float]) -> Choice:
        def of(sort: Sort) -> Split:
            return split([(case.key, score(case)) for case in cases if case.sort == sort])

        wrong: dict[str, Split] = {sort: of(sort) for sort in sorts}
        return choose(name, of("right"), wrong, mixed=("missed", "unserved"))

    return MatchFigures(
        goals=goals,
        same_as_a_view=same,
        cases={s: sum(case.sort == s for case in cases) for s in ("right", *sorts)},
        chosen=chosen("relevance", lambda case: case.relevance),
        by_cosine=chosen("cosine", lambda case: case.cosine),
        neighbours=neighbours,
    )


def measure_match(folder: Path, on_goal: Callable[[], None] = lambda: None) -> MatchFigures:
    """Search a fresh library in ``folder`` for every labelled goal."""
    goals = load_goals()
    with Library(folder / "library") as library:
        skills = library.list(kinds=KINDS)
        known = frozenset(skill.name for skill in skills)
        views = {view.text.lower() for skill in skills for view in views_of(skill)}
        cases: list[Case] = []
        same = 0
        for goal in goals:
            on_goal()
            queries = queries_of(goal.step)
            if queries[0].lower() in views:
                same += 1
                continue
            found = [library.search(query, kinds=KINDS, k=POOL) for query in queries]
            cases += cases_of(goal, best_hits(found), known)
    neighbours = measure_neighbours(skills, folder / "vectors.sqlite")
    return figures_of(cases, len(goals), same, neighbours)


def measure_neighbours(skills: Sequence[Skill], cache: Path) -> Neighbours:
    """Hide each skill in turn from its own example requests."""
    owned = [(at, skill, view) for at, skill in enumerate(skills) for view in views_of(skill)]
    owners = [at for at, _, _ in owned]
    requests = [row for row, (_, _, view) in enumerate(owned) if view.label == "request"]
    embedder = EmbeddingCache(MiniLMEmbedder(), cache, source=prepared_vectors)
    try:
        vectors = embedder.embed([view.text for _, _, view in owned])
    finally:
        embedder.close()
    own, other = neighbour_scores(vectors, owners, requests)
    names = [owned[row][1].name for row in requests]
    known = split([(name, float(score)) for name, score in zip(names, own, strict=True)])
    unknown = split([(name, float(score)) for name, score in zip(names, other, strict=True)])
    return Neighbours(
        tools=len(skills),
        requests=len(requests),
        right_first=Rate.of_flags([bool(flag) for flag in np.greater(own, other)]),
        known=quantiles(own),
        unknown=quantiles(other),
        choice=choose("cosine", known, {"hidden": unknown}, mixed=("hidden",)),
    )

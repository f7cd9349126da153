"""Choosing sets: what the greedy choice must satisfy for all inputs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skillweave.skills.model import Skill
from skillweave.store.ranking import Hit
from skillweave.store.selecting import choose, cover, one_per_toolkit, parts_of

scores = arrays(
    np.float64, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.floats(0, 1)
)


def hit(name: str, score: float, toolkit: str | None = None) -> Hit:
    skill = Skill(name=name, description=name, kind="guide", toolkit=toolkit)
    return Hit(skill=skill, score=score, dense=score, lexical=0.0)


@given(scores, st.floats(0, 1), st.integers(1, 8))
def test_cover_chooses_k_different_skills(
    served: np.ndarray[tuple[int, int], np.dtype[np.float64]], diversity: float, k: int
) -> None:
    chosen = cover(served.sum(axis=0), served, diversity, k)
    assert len(chosen) == len(set(chosen)) == min(k, served.shape[1])


@given(scores, st.floats(0, 1))
def test_a_set_is_worth_at_least_most_of_the_best_one(
    served: np.ndarray[tuple[int, int], np.dtype[np.float64]], diversity: float
) -> None:
    worth = served.sum(axis=0)

    def value(chosen: list[int]) -> float:
        covered = served[:, chosen].max(axis=1).sum()
        return float((1 - diversity) * worth[chosen].sum() + diversity * covered)

    two = min(2, len(worth))
    pairs = [list(pair) for pair in combinations(range(len(worth)), two)]
    best = max(value(pair) for pair in pairs)
    assert value(cover(worth, served, diversity, two)) >= (1 - 1 / np.e) * best - 1e-9


def test_every_part_is_served_before_one_is_served_twice() -> None:
    whole = [hit("rain-1", 0.9), hit("rain-2", 0.8), hit("shops", 0.4)]
    parts = [
        [hit("rain-1", 0.9), hit("rain-2", 0.9), hit("shops", 0.1)],
        [hit("shops", 0.9), hit("rain-1", 0.2), hit("rain-2", 0.1)],
    ]
    assert [one.skill.name for one in choose(whole, parts, 1.0, 2)] == ["rain-1", "shops"]
    assert choose([], [], 0.5, 3) == []


def test_a_toolkit_has_one_place_and_its_siblings_are_kept() -> None:
    found = [hit("a", 0.9, "kit"), hit("b", 0.8), hit("c", 0.7, "kit"), hit("d", 0.6, "kit")]
    kept, siblings = one_per_toolkit(found)
    assert [one.skill.name for one in kept] == ["a", "b"]
    assert [one.skill.name for one in siblings["a"]] == ["c", "d"]


def test_parts_are_pieces_of_two_words_or_more() -> None:
    assert parts_of("Rain?") == []
    assert parts_of("the news about Tesla, and its stock price") == [
        "the news",
        "its stock price",
    ]

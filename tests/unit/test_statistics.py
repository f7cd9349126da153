"""The statistics of paired trials, against brute force, scipy and what must hold for any data."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillweave.skills.statistics import (
    bootstrap,
    holm,
    mean_interval,
    paired,
    paired_interval,
    pairs_needed,
    sign_test,
    wilson,
)

stats = pytest.importorskip("scipy.stats")

counts = st.tuples(st.integers(0, 300), st.integers(0, 300)).map(lambda c: (min(c), max(c)))
scores = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=30)
flags = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=40)
chances = st.lists(st.floats(0, 1), max_size=12)


@given(counts)
def test_wilson_holds_the_share_and_agrees_with_scipy(count: tuple[int, int]) -> None:
    right, of = count
    low, high = wilson(right, of)
    assert 0 <= low <= high <= 1
    if of:
        assert low - 1e-12 <= right / of <= high + 1e-12
        other = stats.binomtest(right, of).proportion_ci(method="wilson")
        assert (low, high) == pytest.approx((other.low, other.high), abs=1e-9)


@given(counts)
def test_wilson_is_symmetrical_and_narrows(count: tuple[int, int]) -> None:
    right, of = count
    low, high = wilson(right, of)
    assert wilson(of - right, of) == pytest.approx((1 - high, 1 - low), abs=1e-12)
    narrow = wilson(4 * right, 4 * of)
    assert narrow.high - narrow.low <= high - low + 1e-12


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_exact(wins: int, losses: int) -> None:
    assert sign_test(wins, losses) == sign_test(losses, wins)
    if wins + losses:
        expected = stats.binomtest(wins, wins + losses).pvalue
        assert sign_test(wins, losses) == pytest.approx(expected, abs=1e-12)


def test_the_sign_test_by_brute_force() -> None:
    rows = [sum(row) for row in itertools.product((0, 1), repeat=9)]
    extreme = sum(abs(r - 4.5) >= abs(7 - 4.5) for r in rows) / len(rows)
    assert sign_test(7, 2) == pytest.approx(extreme)


@given(scores, st.integers(0, 5))
def test_the_bootstrap_is_repeatable_and_stays_among_the_values(
    values: list[float], seed: int
) -> None:
    low, high = bootstrap(values, seed=seed, draws=200)
    assert (low, high) == bootstrap(values, seed=seed, draws=200)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_the_bootstrap_covers_the_mean_as_often_as_it_says() -> None:
    rng = random.Random(7)
    hits = 0
    for trial in range(200):
        low, high = bootstrap([rng.random() ** 2 for _ in range(60)], seed=trial, draws=400)
        hits += low <= 1 / 3 <= high
    assert 0.88 <= hits / 200 <= 0.99


@given(flags)
def test_flags_get_wilson(values: list[float]) -> None:
    assert mean_interval(values) == wilson(round(sum(values)), len(values))


@given(st.lists(st.tuples(st.floats(0, 1, width=16), st.floats(0, 1, width=16)), max_size=25))
def test_a_comparison_turned_round_has_the_opposite_sign(
    pairs: list[tuple[float, float]],
) -> None:
    ours, theirs = [a for a, _ in pairs], [b for _, b in pairs]
    one, other = paired(ours, theirs), paired(theirs, ours)
    assert one.difference == pytest.approx(-other.difference)
    assert (one.wins, one.losses) == (other.losses, other.wins)
    assert (one.p, one.needed) == (other.p, other.needed)
    assert one.pairs == len(pairs) >= one.wins + one.losses


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=60))
def test_the_interval_of_flags_holds_the_difference(differences: list[float]) -> None:
    low, high = paired_interval(differences)
    assert -1 <= low <= sum(differences) / len(differences) <= high <= 1
    assert low < high


def test_pairs_needed_shows_what_it_promises() -> None:
    differences = [1.0] * 3 + [-1.0] + [0.0] * 16
    needed = pairs_needed(differences)
    assert needed is not None
    rng = random.Random(3)
    shown = 0
    for _ in range(300):
        drawn = rng.choices(differences, k=needed)
        shown += sign_test(drawn.count(1.0), drawn.count(-1.0)) <= 0.05
    assert 0.65 <= shown / 300 <= 0.92
    assert pairs_needed([0.0, 1.0, -1.0]) is None


@given(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=1, max_size=20))
def test_pairs_needed_does_not_depend_on_how_many_were_seen(differences: list[float]) -> None:
    assert pairs_needed(differences) == pytest.approx(pairs_needed(differences * 3), abs=1)


@given(chances)
def test_holm_raises_every_p_at_most_as_bonferroni_and_keeps_the_order(ps: list[float]) -> None:
    adjusted = holm(ps)
    for p, q in zip(ps, adjusted, strict=True):
        assert p <= q <= min(1.0, p * len(ps)) + 1e-12
    ordered = sorted(zip(ps, adjusted, strict=True))
    assert [q for _, q in ordered] == sorted(adjusted)


def test_nothing_has_no_interval_and_shows_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        bootstrap([])
    assert (wilson(0, 0), paired([], []).needed) == ((0.0, 1.0), None)
    assert (paired([], []).low, paired([], []).high) == (-1.0, 1.0)

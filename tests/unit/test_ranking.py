"""Ranking: what each term does to a score, for all inputs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillweave.store.ledger import Counts
from skillweave.store.ranking import Evidence, Weights, order, promise, terms_of

unit = st.floats(0.0, 1.0)
count = st.integers(0, 1000)
evidence = st.builds(
    Evidence,
    dense=st.floats(-1.0, 1.0),
    lexical=unit,
    avoid=st.floats(-1.0, 1.0),
    counts=st.builds(Counts, used=count, succeeded=count, failed=count),
    state=st.sampled_from(["active", "probation", "stale", None]),
    agreed=st.none() | st.floats(-1.0, 1.0),
)


def score(one: Evidence, weights: Weights | None = None) -> float:
    return sum(terms_of(one, weights or Weights()).values())


@given(evidence)
def test_scores_stay_in_range(one: Evidence) -> None:
    assert -1.0 <= score(one) <= 1.1


@given(unit, unit)
def test_without_history_or_boundary_the_score_is_the_relevance(dense: float, words: float) -> None:
    assert score(Evidence(dense, words)) == pytest.approx(0.7 * dense + 0.3 * words)


@given(unit, unit, unit, unit)
def test_more_similar_is_never_worse(dense: float, words: float, more: float, less: float) -> None:
    assert score(Evidence(max(dense, more), words)) >= score(Evidence(dense, words))
    assert score(Evidence(dense, words)) >= score(Evidence(dense, min(words, less)))


@given(count, count)
def test_a_success_never_lowers_and_a_failure_never_raises_the_promise(good: int, bad: int) -> None:
    now = promise(Counts(0, good, bad))
    assert promise(Counts(0, good, bad + 1)) <= now <= promise(Counts(0, good + 1, bad)) <= 1.0


def test_a_failing_skill_falls_behind_a_new_one_and_a_proven_one_leads() -> None:
    new = score(Evidence(0.6, 0.4))
    failing = score(Evidence(0.6, 0.4, counts=Counts(9, 1, 8)))
    proven = score(Evidence(0.6, 0.4, counts=Counts(30, 30, 0)))
    assert failing < new < proven
    assert proven - new < new - failing, "what is new keeps a chance against what is proven"


def test_avoid_when_counts_only_where_it_is_nearer_than_the_skill() -> None:
    assert score(Evidence(0.6, 0.0, avoid=0.5)) == score(Evidence(0.6, 0.0))
    assert score(Evidence(0.6, 0.0, avoid=0.9)) == pytest.approx(score(Evidence(0.6, 0.0)) - 0.15)


def test_weights_switch_terms_off() -> None:
    one = Evidence(0.5, 0.5, avoid=0.9, counts=Counts(5, 0, 5), state="stale")
    off = Weights(dense=1.0, prior=0.0, boundary=0.0, stale=0.0)
    assert score(one, off) == pytest.approx(0.5)
    assert set(terms_of(one, off)) == {
        "dense", "lexical", "agreement", "prior", "boundary", "stale", "learned"
    }  # fmt: skip


@given(st.dictionaries(st.text(max_size=5), st.floats(-1, 1), max_size=20))
def test_order_is_total_and_repeatable(scores: dict[str, float]) -> None:
    ordered = order(scores)
    assert sorted(ordered) == sorted(scores)
    assert ordered == order(dict(reversed(scores.items())))
    values = [scores[name] for name in ordered]
    assert values == sorted(values, reverse=True)

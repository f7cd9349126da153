"""Where the agent declines: the statistics, what a search shows, what a plan shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillweave.agent.nano.corpus import Conversation
from skillweave.agent.nano.reader import Reading
from skillweave.agent.nodes.retrieve import best_hits, queries_of
from skillweave.agent.plan import Literal, Step
from skillweave.evals.confidence import Plan, choice_of, plan_in
from skillweave.evals.matching import Case, Goal, cases_of, figures_of, load_goals
from skillweave.evals.thresholds import (
    MOST_REFUSED,
    Neighbours,
    Rate,
    Split,
    best_balanced,
    choose,
    neighbour_scores,
    separation,
    split,
    strictest,
)
from skillweave.skills.builtin import builtin_root
from skillweave.skills.model import Skill
from skillweave.store.ranking import Hit

scores = st.lists(st.floats(0.0, 1.0), max_size=60)
some = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=60)


# -- statistics --------------------------------------------------------------------------------


@given(some, st.floats(0.0, 0.5))
def test_the_strictest_threshold_keeps_what_it_must_and_is_no_lower(
    right: list[float], share: float
) -> None:
    threshold = strictest(right, share)
    allowed = int(share * len(right))
    assert sum(score < threshold for score in right) <= allowed
    assert threshold + 0.01 >= sorted(right)[allowed]


@given(some, some)
def test_separation_turns_over_with_its_sides(right: list[float], wrong: list[float]) -> None:
    assert separation(right, wrong) == pytest.approx(1.0 - separation(wrong, right))


def test_the_balanced_threshold_parts_what_can_be_parted() -> None:
    threshold = best_balanced([0.8, 0.9], [0.1, 0.4])
    assert 0.4 < threshold <= 0.8
    assert best_balanced([], [0.5]) == 0.0


@given(st.dictionaries(st.text(max_size=4), st.floats(0.0, 1.0), max_size=30))
def test_a_key_is_in_one_half_only(scored: dict[str, float]) -> None:
    dealt = split(list(scored.items()))
    assert sorted(dealt.choosing + dealt.judging) == sorted(scored.values())
    assert split(list(scored.items()) * 2).choosing == dealt.choosing * 2


def test_choice_is_judged_on_what_it_did_not_see() -> None:
    right = Split(choosing=(0.5, 0.7, 0.9), judging=(0.4, 0.6, 0.8))
    wrong = {
        "near": Split(choosing=(0.9,), judging=(0.3, 0.7)),
        "far": Split(judging=(0.1,)),
    }
    choice = choose("x", right, wrong, mixed=("far",))
    assert choice.threshold == 0.5
    assert (choice.right_kept.count, choice.right_kept.of) == (2, 3)
    assert {s: (r.count, r.of) for s, r in choice.wrong_refused.items()} == {
        "near": (1, 2),
        "far": (1, 1),
    }
    assert (choice.precision.count, choice.precision.of) == (1, 2), "one right case is refused"
    assert (choice.recall.count, choice.recall.of) == (1, 1)


@given(scores, scores)
def test_rates_of_a_choice_hold_together(right: list[float], wrong: list[float]) -> None:
    halves = Split(choosing=tuple(right), judging=tuple(right))
    choice = choose("x", halves, {"w": Split(judging=tuple(wrong))}, mixed=("w",))
    assert choice.right_kept.of - choice.right_kept.count <= MOST_REFUSED * len(right)
    assert choice.recall.count == choice.precision.count == choice.wrong_refused["w"].count


def test_nothing_is_known_of_no_cases() -> None:
    rate = Rate.of_flags([])
    assert (rate.share, rate.low, rate.high) == (0.0, 0.0, 1.0)


def test_neighbours_do_not_see_their_own_view() -> None:
    vectors = np.asarray([[1, 0], [0.8, 0.6], [0, 1], [0.6, 0.8]], np.float32)
    known, unknown = neighbour_scores(vectors, owners=[0, 0, 1, 1], requests=[1, 3])
    assert known == pytest.approx([0.8, 0.8])
    assert unknown == pytest.approx([0.96, 0.96])


# -- match -------------------------------------------------------------------------------------


def hit(name: str, dense: float, lexical: float = 0.0) -> Hit:
    skill = Skill(name=name, description=name, kind="tool")
    terms = {"dense": 0.7 * dense, "lexical": 0.3 * lexical, "prior": -0.1}
    score = sum(terms.values())
    return Hit(skill=skill, score=score, dense=dense, lexical=lexical, terms=terms)


def test_relevance_leaves_out_history() -> None:
    assert hit("a", 0.5, 1.0).relevance == pytest.approx(0.65)


def test_words_are_asked_beside_the_bare_goal() -> None:
    goal = Step(
        id=1,
        goal="convert {} {} to {}",
        inputs=tuple(Literal(text=text) for text in ("3", "hours", "minutes")),
    )
    assert queries_of(goal) == ("convert to", "convert hours to minutes")
    assert queries_of(Step(id=1, goal="add {}", inputs=(Literal(text="3, 4"),)))[0] == "add"
    assert queries_of(Step(id=1, goal="{}", inputs=(Literal(text="12"),))) == ("",)


def test_the_better_hit_of_a_skill_counts() -> None:
    found = best_hits([[hit("a", 0.5), hit("b", 0.4)], [hit("b", 0.9), hit("c", 0.1)]])
    assert [(one.skill.name, one.dense) for one in found] == [("b", 0.9), ("a", 0.5), ("c", 0.1)]


def test_what_a_search_shows() -> None:
    known = frozenset({"a", "b"})
    hits = [hit("a", 0.9), hit("b", 0.5)]

    def sorts(*tools: str) -> list[tuple[str, float]]:
        found = cases_of(Goal(goal="do {}", inputs=("x",), tools=tools), hits, known)
        return [(case.sort, case.cosine) for case in found]

    assert sorts("a", "gone") == [("right", 0.9), ("hidden", 0.5)]
    assert sorts("b") == [("missed", 0.9), ("hidden", 0.9)]
    assert sorts("gone") == [("unserved", 0.9)]
    assert cases_of(Goal(goal="do"), [], known) == [Case("unserved", "do", 0.0, 0.0)]


def test_match_figures_choose_by_relevance_and_by_cosine() -> None:
    rate = Rate.of_flags([True])
    empty: dict[str, float] = {}
    none = choose("cosine", Split(), {}, mixed=())
    around = Neighbours(
        tools=1, requests=1, right_first=rate, known=empty, unknown=empty, choice=none
    )
    cases = [Case("right", str(n), 0.8, 0.6) for n in range(20)]
    cases += [Case("unserved", str(n), 0.3, 0.5) for n in range(20)]
    figures = figures_of(cases, goals=40, same=0, neighbours=around)
    assert (figures.chosen.threshold, figures.by_cosine.threshold) == (0.8, 0.6)
    assert figures.cases == {"right": 20, "missed": 0, "unserved": 20, "hidden": 0}
    assert figures.chosen.recall.share == 1.0


def test_the_labelled_goals_name_skills_that_there_are_or_will_be() -> None:
    adapters = {"passive-voice", "negate-sentence", "extract-people", "sentiment"}
    there = {folder.name for folder in builtin_root().iterdir()} | adapters
    goals = load_goals()
    assert {name for goal in goals for name in goal.tools} <= there
    assert sum(not goal.tools for goal in goals) > 150
    assert all(goal.step.goal == goal.goal for goal in goals)


# -- confidence --------------------------------------------------------------------------------

REQUEST = Conversation("plan", " reverse 'abc'", "#1 Reverse<< 'abc'>>")


def test_only_plans_have_a_confidence() -> None:
    readings = [Reading("#1 reverse<< 'abc'>>", -0.5, 5), Reading("beyond", -2.0, 2)]
    plan = plan_in("phrases", REQUEST, readings)
    assert plan is not None
    assert plan.right
    assert (plan.whole, plan.mean) == pytest.approx((0.6065, 0.9048), abs=1e-4)
    assert plan_in("phrases", REQUEST, readings[::-1]) is None
    assert plan_in("phrases", REQUEST, []) is None
    other = plan_in("beyond", REQUEST, [Reading("#1 reverse it", -0.1, 4)])
    assert other is not None
    assert not other.right


def test_wrong_plans_are_told_by_kind() -> None:
    plans = [Plan("phrases", True, 0.5, 0.9), Plan("phrases", False, 0.6, 0.5)]
    plans += [Plan("beyond", False, 0.1, 0.2)]
    choice = choice_of("mean", (plans, plans), lambda plan: plan.mean)
    assert choice.threshold == 0.9
    assert {sort: rate.share for sort, rate in choice.wrong_refused.items()} == {
        "wrong plan": 1.0,
        "beyond": 1.0,
    }
    assert choice_of("whole", (plans, plans), lambda plan: plan.whole).recall.share == 0.5

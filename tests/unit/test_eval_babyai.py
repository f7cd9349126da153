"""BabyAI in words: the rendering, episodes, demonstrations, and which adapters an arm plays."""

from __future__ import annotations

import random

import pytest

from skillweave.agent import Settings
from skillweave.evals.suites.babyai import BABYAI, BABYAI_CURVE, skips
from skillweave.evals.suites.babyai_arms import ARMS, BY_NAME, expression
from skillweave.evals.suites.babyai_nano import choices_of, prompt_of
from skillweave.evals.suites.babyai_world import (
    ACTIONS,
    COMPOSED,
    DEV,
    LEVELS,
    STEPS,
    TEST,
    TRAIN,
    Episode,
    Shown,
    colours,
    demonstrations,
    missing,
    recoloured,
    told,
)
from skillweave.skills.errors import UserError

games = pytest.mark.skipif(bool(missing()), reason=missing())
EMPTY, UNSEEN = [1, 0, 0], [0, 0, 0]


def view(**cells: list[int]) -> list[list[list[int]]]:
    """minigrid's picture, ``x3_2``: across 3, 2 ahead of the agent."""
    found = [[list(EMPTY) for _ in range(7)] for _ in range(7)]
    for place, cell in cells.items():
        across, ahead = map(int, place.removeprefix("x").split("_"))
        found[across][6 - ahead] = cell
    return found


def test_what_is_seen_is_told_with_the_way_there() -> None:
    seen = view(
        x3_4=[2, 5, 0],  # the wall ahead
        x1_2=[4, 4, 2],  # a locked yellow door, 2 ahead, 2 to the left
        x5_0=[5, 2, 0],  # a blue key beside the agent
        x3_1=[7, 5, 0],  # a grey box, straight before the agent
        x3_0=[6, 0, 0],  # what is carried stands where the agent does
        x0_6=UNSEEN,
    )
    text = told(seen, "red ball", ["left", "forward"])
    assert text == (
        "did left forward; has red ball; grey box here, blue key right 2, "
        "yellow locked door forward 2 left 2, wall forward 3"
    )
    assert told(view(), "", []) == "did nothing; nothing"


def test_a_recoloured_moment_keeps_its_sense() -> None:
    names = colours(random.Random(3))
    assert sorted(names) == sorted(names.values())
    before = Shown("red ball forward 1, wall 2", "put the red ball next to the grey key", 3)
    after = recoloured(before, names)
    assert after.seen.startswith(f"{names['red']} ball")
    assert f"the {names['red']} ball" in after.mission
    assert after.action == before.action
    back = {new: old for old, new in names.items()}
    assert recoloured(after, back) == before


def test_seeds_of_training_and_testing_are_apart_and_samples_never_twice() -> None:
    assert len({*TRAIN, *DEV, *TEST}) == len(TRAIN) + len(DEV) + len(TEST)
    samples = BABYAI.load(None).samples
    assert len({one.id for one in samples}) == len(samples)
    assert {one.expected for one in samples} <= set(TEST)
    assert {one.family for one in samples if one.right is None} == {one.name for one in COMPOSED}
    assert {one.family for one in BABYAI_CURVE.load(None).samples} == {one.name for one in LEVELS}


def test_composed_levels_are_made_of_trained_ones() -> None:
    assert len(LEVELS) >= 12
    assert {part for one in COMPOSED for part in one.parts} <= {one.name for one in LEVELS}
    assert len(BY_NAME) == len(LEVELS) + len(COMPOSED)


def test_a_mix_is_named_as_in_a_request() -> None:
    assert expression([]) is None
    assert expression([("unlock@ab12cd", 1.0)]) == "unlock@ab12cd"
    assert expression([("a@ab12", 0.5), ("b", 1.0)]) == "a@ab12:0.5+b"


def test_another_model_than_nano_is_skipped_in_one_line() -> None:
    said = skips(Settings.load(model="http://127.0.0.1:1/v1"))
    assert "has no adapters for the levels" in said
    assert "\n" not in said


@games
def test_an_episode_is_the_same_for_the_same_seed_and_ends() -> None:
    def words(seed: int) -> list[str]:
        with Episode(BY_NAME["go-to-local"], seed) as episode:
            found = [episode.seen]
            while not episode.over:
                episode.act(episode.steps % 3)
                found.append(episode.seen)
            assert episode.steps <= STEPS
            return found

    assert words(7) == words(7) != words(8)


@games
def test_what_was_done_when_the_same_was_told_is_not_done_again() -> None:
    left, drop = ACTIONS.index("left"), ACTIONS.index("drop")
    with Episode(BY_NAME["open-red-door"], 7) as episode:
        assert episode.untried == list(ACTIONS)
        # Three turns fill the memory of what was done last; after four more all is as it was.
        for _ in range(7):
            episode.act(left)
        assert episode.untried == [action for action in ACTIONS if action != "left"]
        episode.act(drop)  # there is nothing to drop
        assert episode.untried == [action for action in ACTIONS if action != "drop"]
        episode.act(left)
        assert episode.untried == list(ACTIONS)


@games
@pytest.mark.parametrize("level", [LEVELS[1], LEVELS[6], COMPOSED[2]])
def test_demonstrations_are_solved_and_their_last_deed_ends_them(level: object) -> None:
    (name,) = [one for one in BY_NAME.values() if one == level]
    shown = demonstrations(name, 2)
    assert len(shown) == 2
    assert shown == demonstrations(name, 2)
    with Episode(name, TRAIN[0]) as episode:
        deeds = list(episode.shown(random.Random(0), noise=0.0))
        assert episode.solved
        assert episode.steps == len(deeds)


def test_arms_are_told_apart() -> None:
    assert len({arm.name for arm in ARMS}) == len(ARMS)
    assert BABYAI.reference in {arm.name for arm in ARMS}
    assert BABYAI_CURVE.reference in {arm.name for arm in BABYAI_CURVE.arms}


def test_a_question_names_the_actions_to_choose_from() -> None:
    asked = prompt_of("did nothing; wall 2", "go to the door", ["left", "toggle"])
    assert choices_of(asked) == ["left", "toggle"]
    with pytest.raises(UserError, match="must name the actions"):
        choices_of(asked.model_copy(update={"structure": None}))

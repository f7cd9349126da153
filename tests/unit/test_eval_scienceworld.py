"""ScienceWorld's memory: what an experience keeps, what re-binding changes, which way is walked."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from skillweave.agent import Settings
from skillweave.agent.result import Result
from skillweave.evals.suites.scienceworld import SCIENCEWORLD, load, score, skips, skips_tales
from skillweave.evals.suites.scienceworld_env import TASKS, Deed
from skillweave.evals.suites.scienceworld_memory import (
    Experience,
    as_skill,
    map_of,
    read,
    refined,
    renamed,
    route,
)
from skillweave.skills.folder import read_skill

FIND = Experience(
    "Your task is to find a(n) animal. First, focus on the thing. Then, move it to the red box in the"
    " kitchen.",
    (
        Deed("hallway", "open door to kitchen"),
        Deed("hallway", "go to kitchen"),
        Deed("kitchen", "open door to outside"),
        Deed("kitchen", "go to outside"),
        Deed("outside", "look around"),
        Deed("outside", "focus on dove"),
        Deed("outside", "pick up dove"),
        Deed("outside", "open door to kitchen"),
        Deed("outside", "go to kitchen"),
        Deed("kitchen", "move egg dove egg in inventory to red box"),
        Deed("kitchen", "wait1"),
    ),
)


def test_an_experience_comes_back_from_its_folder_as_it_was(tmp_path: Path) -> None:
    wrapped = as_skill(FIND)
    wrapped.write(tmp_path / wrapped.skill.name)
    assert read(read_skill(tmp_path / wrapped.skill.name)) == FIND
    assert as_skill(refined(FIND)).skill.name != wrapped.skill.name


def test_what_is_refined_keeps_the_deeds_and_their_rooms() -> None:
    assert FIND.target == "dove"
    assert refined(FIND).deeds == (
        Deed("outside", "focus on dove"),
        Deed("outside", "pick up dove"),
        Deed("kitchen", "move egg dove egg in inventory to red box"),
    )


def test_words_of_another_task_are_put_in_the_place_of_the_old() -> None:
    new = FIND.task.replace("red box in the kitchen", "orange box in the living room")
    assert renamed(FIND.task, new) == {"red": "orange", "kitchen": "living room"}
    assert renamed(FIND.task, FIND.task) == {}


def test_a_way_is_found_on_the_map_of_all_walks() -> None:
    ways = map_of((FIND,))
    assert ways == {
        "hallway": {"kitchen"}, "kitchen": {"hallway", "outside"}, "outside": {"kitchen"},
    }  # fmt: skip
    assert route(ways, "outside", "hallway") == ["kitchen", "hallway"]
    assert route(ways, "outside", "foundry") == ["foundry"]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=20))
def test_every_step_of_a_way_is_on_the_map(pairs: list[tuple[int, int]]) -> None:
    ways: dict[str, set[str]] = {}
    for one, other in pairs:
        ways.setdefault(str(one), set()).add(str(other))
        ways.setdefault(str(other), set()).add(str(one))
    found = route(ways, "0", "1")
    assert found[-1] == "1"
    if len(found) > 1:
        assert all(b in ways[a] for a, b in zip(["0", *found], found, strict=False))


def test_samples_are_the_variations_of_every_task() -> None:
    samples = load(None).samples
    assert {one.family for one in samples} == set(TASKS)
    assert len({one.id for one in samples}) == len(samples)
    assert SCIENCEWORLD.reference in {arm.name for arm in SCIENCEWORLD.arms}


def test_the_best_score_on_the_way_counts() -> None:
    half = Result(run="r", task="t", outcome="failed", answer="0.50 after 9 steps", value=0.5)
    found = score(load(None).samples[0], half)
    assert (found.value, found.note) == (0.5, "0.50 after 9 steps")


def test_what_cannot_run_says_so_in_one_line() -> None:
    said = skips_tales(Settings.load(model="nano"))
    assert "nano is no endpoint" in said
    other = skips(Settings.load(model="http://127.0.0.1:1/v1"))
    assert "scienceworld-tales is for http://127.0.0.1:1/v1" in other
    assert "\n" not in said + other

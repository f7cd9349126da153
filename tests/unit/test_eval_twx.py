"""The games' state tracker, the policy's questions and the tools, without the games."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest

from skillweave.evals.suites.twx_demos import Demo, Lessons, answer_of
from skillweave.evals.suites.twx_experts import NOTE, Ask, cook, tidy
from skillweave.evals.suites.twx_games import SETTINGS, Seen
from skillweave.evals.suites.twx_policy import as_told, asked
from skillweave.evals.suites.twx_skills import ABOUT, NEEDS, TOKENS, TOOLS, right_for
from skillweave.evals.suites.twx_state import (
    LETTERS,
    Letters,
    State,
    Thing,
    after,
    base,
    items_of,
    looked,
    names_of,
    prompt_of,
    read_inventory,
    read_scene,
    started,
)
from skillweave.evals.suites.twx_tools import first_unused, next_place, sort_by_quantity
from skillweave.skills.drop import wrap

KITCHEN = (
    "You are in the kitchen. In one part of the room you see a stove. There is also a fridge that is "
    "closed. You also see An open cutlery drawer, that contains a knife. In another part of the room "
    "you see a counter that has some raw tuna, 12 red apples, and a cookbook on it. In one part of the "
    "room you see a dining chair, that has nothing on it. \nTo the North you see the side yard. "
)
PACK = "Inventory: \n  a coin\n  a roasted diced leek\n"
RECIPE = (
    "Gather all following ingredients and follow the directions to prepare this tasty meal.\n\n"
    "Ingredients:\n  tuna\n  leek\n\nDirections:\n  grill the tuna\n  prepare meal"
)


def in_kitchen(**more: object) -> State:
    state = looked(State(), KITCHEN, PACK)
    return replace(state, **more)  # type: ignore[arg-type]


def test_a_room_is_read_with_what_stands_in_it_and_where_it_leads() -> None:
    scene = read_scene(KITCHEN)
    assert scene.place == "kitchen"
    assert scene.things == (
        Thing("stove"),
        Thing("fridge", "shut"),
        Thing("cutlery drawer", "", ("knife",)),
        Thing("counter", "", ("raw tuna", "12 red apples", "cookbook")),
        Thing("dining chair", "free"),
    )
    assert scene.exits == (("north", "side yard"),)


def test_pockets_are_read() -> None:
    assert read_inventory(PACK) == ("coin", "roasted diced leek")
    assert read_inventory("Inventory: \n  Your inventory is currently empty.\n") == ()


def test_the_prompt_shows_letters_states_numbers_and_the_words_of_the_rules() -> None:
    state = in_kitchen(note=RECIPE, left=RECIPE, last="take coin")
    shown = prompt_of(state, Letters.of(state))
    assert shown == (
        "at B; stove; C shut; D: knife; E: raw F, G H, cookbook; I free; north J; "
        "have coin, roasted diced K; note A F, K, grill F; last take coin"
    )


def test_a_thing_has_one_letter_whatever_was_done_to_it() -> None:
    state = in_kitchen(note=RECIPE)
    assert base("roasted diced leek") == ("roasted diced", "leek")
    assert [name for name in names_of(state) if "tuna" in name or "leek" in name] == [
        "tuna",
        "leek",
    ]


@pytest.mark.parametrize(
    "action", ["take 12 red apples", "put coin in dining chair", "cook tuna in stove", "move north"]
)
def test_letters_lead_back_to_the_action(action: str) -> None:
    letters = Letters.of(in_kitchen())
    masked = letters.mask(action)
    assert letters.unmask(masked) == action
    assert not re.search("apples|chair|tuna", masked)


def test_what_was_asked_is_forgotten_in_another_room_and_kept_in_the_same() -> None:
    state = in_kitchen(told=("side yard",))
    assert looked(state, KITCHEN, PACK).told == ("side yard",)
    assert looked(state, KITCHEN.replace("kitchen", "side yard"), PACK).told == ()


def test_the_tracker_remembers_where_things_were_put_and_what_was_read() -> None:
    state = after(in_kitchen(), "put coin in counter", "You put the coin in the counter.")
    state = after(state, "put coin in fridge", "That is closed.")
    state = after(state, "read cookbook", RECIPE)
    assert (state.used, state.note, state.moves) == (("counter", "fridge"), RECIPE, 3)
    assert items_of(RECIPE) == ("tuna", "leek")


def test_what_the_game_says_is_done_is_struck_off() -> None:
    state = in_kitchen(note=RECIPE, left=RECIPE, told=("coin", "12 red apples"))
    state = after(state, "take tuna", "You take the tuna.")
    state = after(state, "cook tuna in toaster", "You grill the tuna with the toaster.")
    state = after(state, "put coin in counter", "You put the coin in the counter.")
    shown = prompt_of(state, Letters.of(state))
    assert shown.endswith("; note A K; used E; told H; last put coin in E")
    assert state.told == ("12 red apples",)
    assert state.note == RECIPE
    text = "The current task is to take the coin."
    state = after(in_kitchen(), "read instructions book", text)
    assert (state.left, after(state, "take coin", "You take the coin.").left) == (text, "")


def test_simon_speaks_in_letters_and_a_long_list_is_only_named() -> None:
    state = started("Do it.", Seen("Simon says, 'slice grape'.", "", "", ()))
    letters = Letters.of(state)
    assert prompt_of(state, letters) == "note Simon says, B; done 0"
    assert letters.unmask("B") == "slice grape"
    text = "Simon says, take these actions in order: slice grape, meow like a cat."
    state = started("Do it.", Seen(text, "", "", ()))
    assert prompt_of(state, Letters.of(state)) == "note A; done 0"


def test_a_question_gets_names_and_the_text_in_the_place_of_letters() -> None:
    state = in_kitchen(note="The map reads:\n  The kitchen connects to the side yard.\n")
    letters = Letters.of(state)
    question = Ask("next place on the way", (NOTE, "kitchen", "side yard"), ("side yard",))
    answer = answer_of(question, letters)
    goal, given = asked(answer, state, letters)
    assert goal == "next place on the way"
    assert next_place(*given) == "side yard"
    sight = asked("ask sort by quantity: here", state, letters)[1][0]
    assert sort_by_quantity(sight) == ["12 red apples"]
    assert as_told(["a", 2]) == ("a", "2")
    assert as_told(6) == ("6",)


def test_lessons_draw_letters_and_digits_anew_and_keep_what_refers_to_what() -> None:
    lessons = Lessons([Demo(in_kitchen(), "take 12 red apples")])
    rng = random.Random(0)
    drawn = [lessons.draw(rng) for _ in range(50)]
    assert len({pair.answer for pair in drawn}) > 10
    assert len({pair.user for pair in drawn}) == 50
    for pair in drawn:
        letter = pair.answer.removeprefix(" take ")
        assert letter in LETTERS
        assert re.search(rf"[:,] \w {letter}[,;]", pair.user)


def test_the_cook_takes_what_is_seen_opens_what_is_shut_and_follows_the_recipe() -> None:
    state = in_kitchen(have=("cookbook", "knife"), note=RECIPE, left=RECIPE)
    assert cook(replace(state, note="", left="")) == "read cookbook"
    assert cook(replace(state, scene=read_scene(KITCHEN.replace("knife", "spoon")))) == "take tuna"
    without = replace(state, scene=read_scene(re.sub("a knife|some raw tuna, ", "", KITCHEN)))
    assert cook(without) == "open fridge"
    gathered = RECIPE.replace("  tuna\n  leek\n", "")
    assert cook(replace(without, left=gathered)) == "cook tuna in toaster"
    assert cook(replace(without, left="")) == "prepare meal"
    assert cook(replace(without, left="", have=("cookbook", "knife", "meal"))) == "eat meal"


def test_the_search_for_a_place_goes_from_one_to_the_next() -> None:
    state = in_kitchen(have=("cap",), used=("stove",))
    ask = tidy(state, "cap")
    assert isinstance(ask, Ask)
    assert ask.told == ("fridge",)
    assert first_unused(*asked(answer_of(ask, Letters.of(state)), state, Letters.of(state))[1]) == (
        "fridge"
    )
    state = replace(state, told=ask.told)
    assert tidy(state, "cap") == "open fridge"
    assert tidy(replace(state, last="open fridge"), "cap") == "put cap in fridge"
    assert isinstance(tidy(replace(state, last="put cap in fridge"), "cap"), Ask)


def test_every_game_has_an_adapter_in_words_and_the_tools_it_asks_for() -> None:
    games = {setting.game for setting in SETTINGS}
    assert len(SETTINGS) == 16
    assert set(ABOUT) == set(TOKENS) == games
    tools = {one.skill.name for one in wrap(TOOLS)}
    assert {tool for names in NEEDS.values() for tool in names} == tools
    assert right_for("sorting") == ("play-sorting", "sort-by-quantity")


def test_tools_refuse_what_makes_no_sense() -> None:
    assert sort_by_quantity("3 figs") == ["3 figs"]
    with pytest.raises(ValueError, match="no way leads"):
        next_place("The hall connects to the den.", "hall", "moon")

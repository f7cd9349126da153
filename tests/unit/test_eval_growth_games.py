"""The stream of text games, without the games: what is played, recorded and recalled."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.settings import Settings
from skillweave.agent.trace import Trace
from skillweave.evals.growth_run import GrowthRun, run_growth
from skillweave.evals.suite import Sample, Solving
from skillweave.evals.suites.growth_games import (
    GROWTH_GAMES,
    JUDGED_BY,
    RECORDS,
    Recalling,
    dev_games,
    load,
    record_of,
    recorded,
)
from skillweave.evals.suites.twx import EACH, OFFSET
from skillweave.evals.suites.twx_demos import Demo
from skillweave.evals.suites.twx_experts import Ask
from skillweave.evals.suites.twx_games import FIRST, SETTINGS
from skillweave.evals.suites.twx_policy import ASK
from skillweave.evals.suites.twx_skills import name_of
from skillweave.evals.suites.twx_state import Scene, State, Thing
from skillweave.skills.errors import UserError
from skillweave.store import HashEmbedder, Library

TASK = "Search the environment for the coin, and take it."
SEEN = State(TASK, Scene("den", (Thing("desk", "", ("coin",)), Thing("shelf", "free"))))
SHUT = State(TASK, Scene("den", (Thing("desk", "shut"), Thing("shelf", "free"))))
DEMOS = (
    Demo(SEEN, "take coin"),
    Demo(SHUT, "open desk"),
    Demo(SHUT, Ask("first thing not yet used", ("here",), ("desk",))),
)


@pytest.fixture
def mind(tmp_path: Path) -> Iterator[Recalling]:
    sample = Sample(id="CoinCollector-20300", request=TASK, family="CoinCollector")
    settings = Settings.load(state_dir=tmp_path)
    with (
        Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False) as library,
        Trace(tmp_path / "trace.jsonl") as trace,
    ):
        library.add(record_of("coin", DEMOS), state="active")
        yield Recalling(
            Solving(ScriptedModel(()), library, settings, RECORDS, 0, sample, "run", trace)
        )


def test_all_settings_are_played_on_seeds_that_no_other_suite_plays() -> None:
    samples = load(None).samples
    assert Counter(sample.family for sample in samples) == {one.name: EACH for one in SETTINGS}
    seeds = {int(sample.id.rpartition("-")[2]) for sample in samples}
    first = FIRST["test"] + OFFSET
    assert seeds.isdisjoint(range(first, first + EACH))
    assert seeds <= set(range(FIRST["test"], FIRST["test"] + 1000))


def test_the_gate_plays_games_of_the_dev_fold_in_all_settings_of_the_game() -> None:
    games = dict(dev_games(name_of("simonsays")))
    assert len(games) == JUDGED_BY
    assert {setting.game for setting, _ in games.values()} == {"simonsays"}
    assert len({setting.name for setting, _ in games.values()}) == 9
    seeds = {seed for _, seed in games.values()}
    assert seeds <= set(range(FIRST["dev"], FIRST["dev"] + 1000))


def test_a_record_reads_back_word_for_word() -> None:
    rows = recorded(record_of("coin", DEMOS).skill)
    assert [did for _, did in rows] == [
        "take coin",
        "open C",
        "ask first thing not yet used: here",
    ]
    assert rows[0][0] == "at B; C: coin; D free; have nothing; last nothing"


def test_the_likest_state_says_what_to_do_among_what_may_be_done(mind: Recalling) -> None:
    asyncio.run(mind.prepare(TASK))
    assert [name.partition("@")[0] for name in mind.skills] == ["shown-coin"]
    state = recorded(record_of("coin", DEMOS).skill)[0][0]
    said = asyncio.run(mind.say(state, ["open C", "take coin", ASK]))
    assert said == "take coin"
    assert asyncio.run(mind.say(state, ["open C", "look"])) == "open C"
    assert asyncio.run(mind.say(state, [ASK, "look"])).startswith("ask first thing")
    assert asyncio.run(mind.say(state, ["look"])) == "look"


def test_without_a_record_the_first_action_is_done(mind: Recalling) -> None:
    assert asyncio.run(mind.say("at B", [ASK, "look", "wait"])) == "look"


def test_another_model_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    wanted = GrowthRun(stream="games", folder=tmp_path / "run")
    settings = Settings.load(model="org/other", state_dir=tmp_path)
    with pytest.raises(UserError, match="org/other has no adapters for the games"):
        run_growth(wanted, settings, on_begin=lambda *_: None, on_record=lambda _: None)
    assert not wanted.folder.exists()


def test_only_the_arm_that_learns_nothing_is_all_one_in_every_order() -> None:
    assert [arm.name for arm in GROWTH_GAMES.arms if not arm.grows] == ["nothing"]

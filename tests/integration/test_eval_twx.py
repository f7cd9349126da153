"""The games themselves: gold paths, chance, and letters for every valid action."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.settings import Settings
from skillweave.agent.trace import Trace
from skillweave.evals.suite import Solving
from skillweave.evals.suites.growth_games import RECORDED, RECORDS, load, recorded, solve
from skillweave.evals.suites.twx_demos import demos_of
from skillweave.evals.suites.twx_experts import Ask
from skillweave.evals.suites.twx_games import FIRST, SETTINGS, Play, Seen, Setting, missing
from skillweave.evals.suites.twx_state import Letters, after, looked, names_of, started
from skillweave.skills.sandbox import Sandbox
from skillweave.store import HashEmbedder, Library

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "the games are here")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_gold_path_is_worth_everything_and_its_actions_survive_letters(
    setting: Setting,
) -> None:
    play = Play(setting, FIRST["dev"] + 7, "dev", gold=True)
    state = started(play.task, play.seen)
    for action in play.gold:
        letters = Letters.of(state)
        assert len(names_of(state)) <= 25
        for valid in (*play.seen.valid, action):
            assert letters.unmask(letters.mask(valid)) == valid
        play.step(action)
        state = looked(after(state, action, play.seen.text), play.seen.look, play.seen.inventory)
    assert play.best == 1.0
    assert play.over


def test_nothing_is_scored_after_the_last_step_and_nonsense_costs_one() -> None:
    play = Play(SETTINGS[0], FIRST["dev"], "dev")
    while not play.over:
        assert "Unknown action" in play.step("sing a song").text
    assert (play.steps, play.best) == (100, 0.0)


def test_demonstrations_say_what_to_do_in_the_state_they_show() -> None:
    demos = demos_of("arithmetic", range(3))
    kinds = [demo.action.goal if isinstance(demo.action, Ask) else "" for demo in demos]
    assert kinds == ["", "", "calculate", "thing of that quantity", "", ""] * 3
    for demo in demos:
        if isinstance(demo.action, Ask):
            assert demo.action.told[0] in names_of(demo.state)


@pytest.mark.parametrize("game", ["cookingworld", "twc"])
def test_experts_finish_their_games(game: str) -> None:
    demos = demos_of(game, range(3))
    ends = [demo.action for demo in demos if not demo.state.last]
    assert len(ends) == 3
    last = demos[-1].action
    assert last == "eat meal" or (isinstance(last, str) and last.startswith("put "))


def test_games_at_play_at_the_same_time_do_not_disturb_each_other() -> None:
    def gold(seed: int) -> Play:
        return Play(SETTINGS[0], seed, "dev", gold=True)

    alone = []
    for seed in (10_003, 10_004):
        play = gold(seed)
        alone.append([play.step(action) for action in play.gold])
    plays = [gold(10_003), gold(10_004)]
    mixed: list[list[Seen]] = [[], []]
    for turn in range(max(len(play.gold) for play in plays)):
        for play, seen in zip(plays, mixed, strict=True):
            if turn < len(play.gold):
                seen.append(play.step(play.gold[turn]))
    assert mixed == alone


def test_chance_reaches_something_where_nothing_can_be_lost() -> None:
    rng = random.Random(0)
    coin = next(setting for setting in SETTINGS if setting.name == "CoinCollector")
    play = Play(coin, FIRST["dev"], "dev")
    while not play.over:
        play.step(rng.choice(play.seen.valid))
    assert play.best == 1.0


def test_a_game_that_was_lost_is_shown_and_kept_word_for_word(tmp_path: Path) -> None:
    sample = next(one for one in load(None).samples if one.family == "PeckingOrder")
    settings = Settings.load(state_dir=tmp_path)
    with (
        Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False) as library,
        Sandbox.open(workers=1) as sandbox,
        Trace(tmp_path / "trace.jsonl") as trace,
    ):
        model = ScriptedModel(())
        trial = Solving(model, library, settings, RECORDS, 0, sample, "run", trace, sandbox)
        first = solve(trial)
        assert (first.outcome, first.new_skills) == ("failed", ("shown-peckingorder",))
        assert len(recorded(library.get("shown-peckingorder"))) >= RECORDED
        again = solve(trial)
        assert again.new_skills == ()
        assert [name.partition("@")[0] for name in again.skills] == ["shown-peckingorder"]

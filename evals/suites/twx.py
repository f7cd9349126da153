"""TextWorldExpress, the 16 settings of TALES: nano with a library of skills, with wrong ones, with none.

Two suites, one protocol each. ``twx``: the policy chooses among the valid actions, and the tracker reads room
and pockets from the environment's own fields. ``twx-text``: it sees the game's text alone, pays a step for
every look, and writes the action itself, as TALES asks of its models. 100 steps, the best score
on the way, five seeds of the test fold for every setting. ``twx-dev`` is ``twx-text`` on the dev fold, on
which all was tuned.

Learned, on the train fold: one LoRA adapter of nano for each of the eight games (`twx_demos`,
`twx_skills`). Written by hand: the state tracker with its letters, which also strikes off what the game says
is done (`twx_state`); when a demonstration asks a skill, and in which words; the experts that demonstrate
two of the games in the place of gold paths (`twx_experts`); the six tools, which read texts and lists that
a policy names by a letter or a word. The arm without skills has the same tracker and the same prompts.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from skillweave.agent.models import run_blocking
from skillweave.agent.result import Result
from skillweave.agent.settings import Settings
from skillweave.evals.record import Record
from skillweave.evals.sources import hashed
from skillweave.evals.suite import (
    NONE,
    RANDOM,
    WRONG,
    Arm,
    Loaded,
    Sample,
    Score,
    Solving,
    Suite,
    Table,
)
from skillweave.evals.suites.twx_games import FIRST, SETTINGS, Fold, Play, Setting, missing
from skillweave.evals.suites.twx_policy import Mind, play_out
from skillweave.evals.suites.twx_skills import TOOLS, home, right_for, skills_in

EACH = 5
"""Seeds of every setting."""
OFFSET = 100
"""The first seed is this one of its fold: those before were looked at when the games were first tried."""
PUBLISHED = {
    "claude-3.7-sonnet": 95.8,
    "o3 (medium)": 91.9,
    "gpt-4o": 80.6,
    "Llama-3.3-70B-Instruct": 77.2,
    "Qwen3-32B": 68.9,
    "Llama-3.1-8B-Instruct": 50.3,
    "Llama-3.2-1B-Instruct": 19.0,
}
"""Of TALES, its column TextWorldExpress, in points."""
GOLD = Arm(name="gold", about="the environment's own solution, for the most that can be had")
CHANCE = Arm(name="chance", about="one of the valid actions at random", offer="none")
ARMS = (
    Arm(name="library", about="adapters and tools that the library finds"),
    NONE.model_copy(update={"about": "nano alone: no skill is found"}),
    RANDOM,
    WRONG.model_copy(update={"about": "the right adapter and tools are withheld"}),
    CHANCE,
    GOLD,
)


def skips(settings: Settings) -> str:
    """The games must be installed, and the model must be nano, whose adapters play."""
    if settings.model != "nano":
        return f"{settings.model} has no adapters for the games; they are nano's"
    return missing()


def loads(fold: Fold) -> Callable[[Path | None], Loaded]:
    """Reads the samples of a fold, and the skills trained for nano's weights."""

    def load(_: Path | None) -> Loaded:
        skills = skills_in(home())
        names = tuple(one.skill.name for one in skills)
        samples = samples_of(fold, OFFSET, names)
        return Loaded(samples=samples, files=hashed({TOOLS.name: TOOLS}, {}), skills=skills)

    return load


def samples_of(fold: Fold, offset: int, given: tuple[str, ...] = ()) -> tuple[Sample, ...]:
    """`EACH` games of every setting, from the seed at ``offset`` of the fold on."""
    first = FIRST[fold] + offset
    return tuple(
        Sample(
            id=f"{setting.name}-{seed}",
            request=f"{setting.game} ({setting.options or 'as it is'}), {fold} seed {seed}",
            family=setting.name,
            expected=1.0,
            given=given,
            right=right_for(setting.game),
        )
        for setting in SETTINGS
        for seed in range(first, first + EACH)
    )


def solves(fold: Fold, *, listed: bool) -> Callable[[Solving], Result]:
    """Plays one game."""

    def solve(trial: Solving) -> Result:
        began = time.monotonic()
        setting, seed = game_of(trial.sample)
        mind = Mind(trial)
        play = Play(setting, seed, fold, gold=trial.arm == GOLD)
        if trial.arm == GOLD:
            _play_gold(play)
        elif trial.arm == CHANCE:
            _play_chance(play, random.Random(f"{trial.seed}/{trial.sample.id}"))
        else:
            run_blocking(lambda: play_out(play, mind, listed=listed))
        return result_of(play, mind, began)

    return solve


def result_of(play: Play, mind: Mind, began: float, new_skills: tuple[str, ...] = ()) -> Result:
    """What became of a game that was begun at ``began``, on the monotonic clock."""
    return Result(
        run=mind.trial.run,
        task=play.task,
        outcome="solved" if play.best >= 1.0 else "failed",
        answer=f"{play.best:.2f} after {play.steps} steps",
        value=round(play.best, 4),
        skills=tuple(dict.fromkeys(mind.skills)),
        new_skills=new_skills,
        tokens=mind.tokens,
        seconds=time.monotonic() - began,
    )


def score(sample: Sample, result: Result) -> Score:
    """The best score on the way, 0 to 1."""
    value = result.value if isinstance(result.value, float | int) else 0.0
    return Score(value=float(value), note="" if value >= 1.0 else result.answer)


def published(records: Sequence[Record]) -> tuple[Table, ...]:
    """What large models reach, for the eye; it is no arm of this run."""
    return (
        Table(
            title="Published: TALES, TextWorldExpress",
            note="The same 16 settings, 100 steps and best score, without a list of actions, by prompting "
            "alone; other seeds. The models get the game's text, no tracker's state, and no skills.",
            columns=("model", "points"),
            rows=tuple(PUBLISHED.items()) if records else (),
        ),
    )


def game_of(sample: Sample) -> tuple[Setting, int]:
    """The setting and the seed of a sample."""
    name, _, seed = sample.id.rpartition("-")
    return next(setting for setting in SETTINGS if setting.name == name), int(seed)


def _play_gold(play: Play) -> None:
    for action in play.gold:
        if play.over:
            return
        play.step(action)


def _play_chance(play: Play, rng: random.Random) -> None:
    while not play.over and play.seen.valid:
        play.step(rng.choice(play.seen.valid))


def _suite(name: str, about: str, fold: Fold, *, listed: bool) -> Suite:
    return Suite(
        name=name,
        about=about,
        arms=ARMS,
        load=loads(fold),
        score=score,
        tables=published,
        solve=solves(fold, listed=listed),
        skips=skips,
    )


TWX = _suite(
    "twx",
    "eight text games in the 16 settings of TALES, choosing among the valid actions",
    "test",
    listed=True,
)
TWX_TEXT = _suite(
    "twx-text", "the same without a list of actions, as in TALES", "test", listed=False
)
TWX_DEV = _suite("twx-dev", "the same on the dev fold, to tune on", "dev", listed=False)

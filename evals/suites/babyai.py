"""BabyAI: an adapter of nano for each of twelve levels, and five composed levels that none is trained on.

The adapters learn from minigrid's own bot by behaviour cloning (`babyai_nano`), on train seeds; here test
seeds are asked. Every arm gets the same words for the same moment (`babyai_world`) and the same choice of
six actions, without those that just changed nothing or were done when the very same was told; so does
``chance``. Written by hand: the words, that rule, that the answer begins with the mission, and which levels
a composed level is made of; ``mixed`` and ``summed`` use the latter, ``library`` does not.

``babyai`` compares adapters. ``babyai-curve`` asks how many demonstrations one needs: alone, shared by all
levels (Polytropon's question, https://arxiv.org/abs/2202.13914), or begun at one that the library has.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from skillweave.agent.growth.teach_base import base_of
from skillweave.agent.handle import ModelHandle
from skillweave.agent.models import run_blocking
from skillweave.agent.profiles.base import Profile
from skillweave.agent.profiles.nano import NanoProfile
from skillweave.agent.result import Result
from skillweave.agent.settings import Settings
from skillweave.evals.record import Record
from skillweave.evals.suite import Arm, Loaded, Opening, Sample, Score, Solving, Suite, Table
from skillweave.evals.suites.babyai_arms import (
    ARMS,
    BOT,
    BY_NAME,
    CHANCE,
    CURVE,
    chosen,
    expression,
)
from skillweave.evals.suites.babyai_nano import ActingNano, prompt_of
from skillweave.evals.suites.babyai_skills import Shelf
from skillweave.evals.suites.babyai_world import (
    ACTIONS,
    COMPOSED,
    LEVELS,
    TEST,
    Episode,
    Level,
    missing,
)
from skillweave.skills.errors import UserError
from skillweave.skills.statistics import wilson

EACH = 8
"""Episodes of every level."""
OFFSET = 100
"""The first seed is this one of the test seeds: results of those before were seen while the words changed."""


class Player(ActingNano):
    """nano with its adapters."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__(shelf.base)
        self.shelf = shelf

    def close(self) -> None:
        self.shelf.close()


class Played(NamedTuple):
    """How an episode went."""

    why: str
    """It ended."""
    skills: tuple[str, ...] = ()


def skips(settings: Settings) -> str:
    """The levels must be installed, and the model must be nano, which learns them."""
    if settings.model != "nano":
        return f"{settings.model} has no adapters for the levels; they are nano's"
    return missing()


def loads(levels: Sequence[Level]) -> Callable[[Path | None], Loaded]:
    """Names the episodes; there is no file."""

    def load(_: Path | None) -> Loaded:
        samples = [
            Sample(
                id=f"{level.name}-{seed}",
                request=f"BabyAI-{level.env}-v0, seed {seed}",
                family=level.name,
                level=max(1, len(level.parts)),
                expected=seed,
                right=None if level.parts else (level.name,),
            )
            for level in levels
            for seed in TEST[OFFSET : OFFSET + EACH]
        ]
        return Loaded(samples=tuple(samples), files={})

    return load


def opens(opening: Opening) -> tuple[ModelHandle, Profile]:
    """nano in this process; an adapter is trained when an arm first asks for it."""
    import torch

    torch.set_num_threads(1)
    home = opening.settings.state_dir / "evals" / "babyai"
    return Player(Shelf(base_of("nano"), home, tell=opening.tell)), NanoProfile()


def solve(trial: Solving) -> Result:
    """Play one episode."""
    began = time.monotonic()
    sample = trial.sample
    with Episode(BY_NAME[sample.family], _seed(sample)) as episode:
        mission = episode.mission
        if trial.arm == BOT:
            played = _by_bot(episode)
        elif trial.arm == CHANCE:
            played = _by_chance(episode, random.Random(f"{trial.seed}/{sample.id}"))
        else:
            played = _by_nano(episode, trial)
        return Result(
            run=trial.run,
            task=mission,
            outcome="solved" if episode.solved else "failed",
            answer=f"{mission}: {played.why} after {episode.steps} steps",
            value=episode.solved,
            skills=played.skills,
            tokens=episode.steps,
            seconds=time.monotonic() - began,
        )


def score(_: Sample, result: Result) -> Score:
    """1 when the mission is done."""
    return Score(value=float(result.value is True), note="" if result.value else result.answer)


def tables(records: Sequence[Record]) -> tuple[Table, ...]:
    """Episodes taken together, with Wilson's interval."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        kind = "composed" if BY_NAME[record.family].parts else "trained"
        groups.setdefault((kind, record.arm), []).append(record)
    rows = []
    for (kind, arm), some in groups.items():
        done = round(sum(record.success for record in some))
        low, high = wilson(done, len(some))
        rows.append((kind, arm, done, len(some), done / len(some), low, high))
    note = (
        "95 % intervals (Wilson) over episodes and training seeds taken together: they do not tell how "
        "much levels differ. By another protocol, on five text tasks of BabyAI: GPT-4o 78 % (BALROG, "
        "https://arxiv.org/abs/2411.13543)."
    )
    columns = ("levels", "arm", "solved", "episodes", "share", "low", "high")
    title = "Episodes solved, of trained and of composed levels"
    return (Table(title=title, note=note, columns=columns, rows=tuple(rows)),)


def _seed(sample: Sample) -> int:
    if not isinstance(sample.expected, int):
        raise UserError(f"{sample.id} names no episode")
    return sample.expected


def _by_bot(episode: Episode) -> Played:
    for _ in episode.shown(random.Random(0), noise=0.0):
        pass
    return Played(_ended(episode))


def _by_chance(episode: Episode, rng: random.Random) -> Played:
    while not episode.over:
        episode.act(ACTIONS.index(rng.choice(episode.untried)))
    return Played(_ended(episode))


def _by_nano(episode: Episode, trial: Solving) -> Played:
    model = trial.model
    if not isinstance(model, Player):
        raise UserError(f"{trial.sample.id}: only nano in this process plays BabyAI")
    adapters = chosen(model.shelf, trial.arm.name, trial.seed, trial.sample, episode.mission)

    async def play() -> Played:
        loaded = [(await model.load_adapter(skill), weight) for skill, weight in adapters]
        names = tuple(name for name, _ in loaded)
        while not episode.over:
            prompt = prompt_of(episode.seen, episode.mission, episode.untried)
            answer = await model.ask(prompt, expression(loaded))
            trial.trace.asked(prompt, answer)
            episode.act(ACTIONS.index(answer.text))
        return Played(_ended(episode), names)

    return run_blocking(play)


def _ended(episode: Episode) -> str:
    return "done" if episode.solved else "not done"


def _suite(name: str, about: str, arms: Sequence[Arm], levels: Sequence[Level], than: str) -> Suite:
    return Suite(
        name=name,
        about=about,
        arms=tuple(arms),
        load=loads(levels),
        score=score,
        reference=than,
        tables=tables,
        solve=solve,
        opens=opens,
        skips=skips,
    )


BABYAI = _suite(
    "babyai",
    "levels of BabyAI in words: an adapter for each, one for all, and mixes on composed levels",
    ARMS,
    (*LEVELS, *COMPOSED),
    "library",
)
BABYAI_CURVE = _suite(
    "babyai-curve",
    "demonstrations that an adapter needs: alone, shared by all levels, begun at another one",
    CURVE,
    LEVELS,
    "none",
)

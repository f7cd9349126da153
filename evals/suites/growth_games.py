"""TextWorldExpress in sequence: does having been shown how one game is played help with later ones?

The 16 settings of TALES in a drawn order, on seeds of the test fold that no other suite plays. The policy
chooses among the valid actions, as in ``twx``. At first the library has the games' tools and no adapter.

When a game was not won, and for the first time, a person plays such games of the train fold. The arm that
grows trains an adapter of nano on these demonstrations and hands it to the gate, which plays games of the
dev fold with it and without it; what passes is found by later games through their own words. The arm of raw
records keeps the same demonstrations word for word and does what was done in the state most like the
present one. To the last arm all that is found, adapters and tools, is another at random; what it learns
passes no gate.

Orders that learn a game share one training: it is the same demonstrations, steps and seed.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from skillweave.agent.growth.admission import Admission
from skillweave.agent.growth.verdict import Candidate, Task
from skillweave.agent.models import run_blocking
from skillweave.agent.result import Result
from skillweave.evals.sources import hashed
from skillweave.evals.suite import (
    LIBRARY,
    TRAJECTORIES,
    Arm,
    Loaded,
    Sample,
    Score,
    Solving,
    Suite,
)
from skillweave.evals.suites.twx import game_of, result_of, samples_of, score, skips
from skillweave.evals.suites.twx_demos import Demo, answer_of, demos_of
from skillweave.evals.suites.twx_games import FIRST, SETTINGS, Fold, Play, Setting
from skillweave.evals.suites.twx_policy import ASK, Mind, play_out
from skillweave.evals.suites.twx_skills import (
    ABOUT,
    TOKENS,
    TOOLS,
    name_of,
    tasks_of,
    train_one,
)
from skillweave.evals.suites.twx_state import Letters, prompt_of
from skillweave.skills.drop import WrappedSkill, wrap
from skillweave.skills.errors import UserError
from skillweave.skills.folder import read_skill
from skillweave.skills.model import Skill

OFFSET = 300
"""The first seed is this one of its fold."""
JUDGED_BY = 16
"""Games of the dev fold that the gate has for an adapter."""
RECORDED = 400
"""States of the demonstrations that raw records keep at least, at equal distances."""
AUTHOR = "demonstrations"
NOTHING = LIBRARY.model_copy(
    update={"name": "nothing", "about": "nano and the games' tools; nothing is learned"}
)
GROWTH = Arm(
    name="growth",
    about="adapters trained on what a person showed, through the gate",
    learn="skills",
)
RANDOM = Arm(
    name="random",
    about="as much is learned, without a gate; every skill found is replaced by a random one",
    learn="skills",
    offer="random",
)
RECORDS = TRAJECTORIES.model_copy(
    update={"about": "what a person showed, word for word; the likest state says what to do"}
)


def load(_: Path | None) -> Loaded:
    """The games, and the tools that come with them."""
    files = hashed({TOOLS.name: TOOLS}, {})
    return Loaded(samples=samples_of("test", OFFSET), files=files, skills=wrap(TOOLS))


def solve(trial: Solving) -> Result:
    """Play one game, and be shown how it is done when it was not won."""
    began = time.monotonic()
    setting, seed = game_of(trial.sample)
    mind = Recalling(trial) if trial.arm == RECORDS else Mind(trial)
    play = _played(setting, seed, "test", mind)
    learned = () if play.best >= 1.0 else _shown(trial, setting.game)
    return result_of(play, mind, began, learned)


def solved(sample: Sample, result: Result) -> Score:
    """1 for a game that was won, else 0; the note tells the score."""
    found = score(sample, result)
    return Score(value=float(found.value >= 1.0), note=found.note)


class Recalling(Mind):
    """Does what was done in the recorded state that shares most words with the present one."""

    _known: Sequence[tuple[frozenset[str], str]] = ()

    async def prepare(self, task: str) -> None:
        """Find the record for a task."""
        hits = self.trial.library.search(task, kinds={"experience"}, k=1)
        self._known = [(words_of(state), did) for hit in hits for state, did in recorded(hit.skill)]
        self.skills += [hit.skill.versioned_name for hit in hits]

    async def say(self, text: str, choices: Sequence[str]) -> str:
        """Of what may be done, what was done in the likest state."""
        now = words_of(text)
        likest = sorted(self._known, key=lambda one: -len(now & one[0]) / len(now | one[0]))
        for _, did in likest:
            if did in choices or (did.startswith(ASK) and ASK in choices):
                return did
        return next(one for one in choices if one != ASK)


class Taught(Mind):
    """Plays with an adapter that is in no library yet, or with none."""

    def __init__(self, trial: Solving, skill: Skill | None) -> None:
        super().__init__(trial)
        self._skill = skill

    async def prepare(self, task: str) -> None:
        """Load the adapter."""
        if self._skill is not None:
            self.adapter = await self.trial.model.load_adapter(self._skill)


class GameSolver:
    """The gate's held-out requests are games."""

    def __init__(self, trial: Solving, skill: Skill) -> None:
        self._trial, self._skill = trial, skill
        self._games = dict(dev_games(skill.name))
        self._won: dict[tuple[str, bool], bool] = {}

    def solve(self, task: Task, candidate: Candidate | None) -> bool:
        """See `Solver.solve`."""
        key = task.request, candidate is not None
        if key not in self._won:
            setting, seed = self._games[task.request]
            mind = Taught(self._trial, self._skill if candidate is not None else None)
            self._won[key] = _played(setting, seed, "dev", mind).best >= 1.0
        return self._won[key]


def dev_games(name: str) -> Iterator[tuple[str, tuple[Setting, int]]]:
    """What an adapter of that name is judged by: games of the dev fold, from all its settings alike."""
    settings = [one for one in SETTINGS if name_of(one.game) == name]
    for number in range(JUDGED_BY):
        setting = settings[number % len(settings)]
        seed = FIRST["dev"] + OFFSET + number // len(settings)
        yield f"{setting.name}, dev seed {seed}", (setting, seed)


def record_of(game: str, demos: Sequence[Demo]) -> WrappedSkill:
    """Demonstrations as an experience: each state and what was done in it, word for word."""
    lines = []
    for demo in demos[:: max(1, len(demos) // RECORDED)]:
        letters = Letters.of(demo.state)
        lines.append(json.dumps([prompt_of(demo.state, letters), answer_of(demo.action, letters)]))
    skill = Skill(
        name=f"shown-{game}",
        description=ABOUT[game],
        kind="experience",
        body="\n".join(("What was done in each state:", "", *lines, "")),
        requests=tasks_of(demos),
    )
    return WrappedSkill(skill=skill, files={}, source=Path(skill.name))


def recorded(skill: Skill) -> list[tuple[str, str]]:
    """The states of a record, and what was done in them."""
    rows = (json.loads(line) for line in skill.body.splitlines() if line.startswith("["))
    return [(state, did) for state, did in rows]


def words_of(state: str) -> frozenset[str]:
    """The words of a state and their pairs, by which states are like each other.

    >>> sorted(words_of("at B; stove"))
    ['B;', 'B; stove', 'at', 'at B;', 'stove']
    """
    words = state.split()
    return frozenset((*words, *(f"{a} {b}" for a, b in pairwise(words))))


def _played(setting: Setting, seed: int, fold: Fold, mind: Mind) -> Play:
    play = Play(setting, seed, fold)
    run_blocking(lambda: play_out(play, mind, listed=True))
    return play


def _shown(trial: Solving, game: str) -> tuple[str, ...]:
    """Learn from what a person shows, the first time that a game is not won; the new skill's name."""
    once = trial.settings.state_dir / "shown" / game
    if not trial.arm.grows or once.exists():
        return ()
    once.parent.mkdir(parents=True, exist_ok=True)
    once.touch()
    if trial.arm == RECORDS:
        skill = trial.library.add(record_of(game, _demos(game)), state="active", author=AUTHOR)
        return (skill.name,)
    folder = _trained(game)
    if trial.arm == RANDOM:
        return (trial.library.add(folder, state="active", author=AUTHOR).name,)
    return (folder.name,) if _admitted(trial, folder) else ()


def _admitted(trial: Solving, folder: Path) -> bool:
    if trial.sandbox is None:
        raise UserError("the gate needs a sandbox")
    tasks = [Task(request=told, arguments={}, expected=1.0) for told, _ in dev_games(folder.name)]
    solver = GameSolver(dataclasses.replace(trial, arm=NOTHING), read_skill(folder))
    gate = Admission(trial.library, trial.sandbox)
    verdict = gate.offer(wrap(folder)[0], AUTHOR, tasks, solver=solver)
    trial.trace.write("verdict", verdict=verdict.model_dump(mode="json"))
    return verdict.decision == "probation"


@cache
def _demos(game: str) -> tuple[Demo, ...]:
    return tuple(demos_of(game))


@cache
def _trained(game: str) -> Path:
    """The folder of the adapter."""
    import torch

    torch.set_num_threads(1)
    folder = Path(_workshop().name)
    train_one(folder, game, _demos(game), TOKENS[game])
    return folder / name_of(game)


@cache
def _workshop() -> tempfile.TemporaryDirectory[str]:
    """Kept as long as the process: the server may read an adapter again."""
    return tempfile.TemporaryDirectory(prefix="skillweave-games-")


GROWTH_GAMES = Suite(
    name="growth-games",
    about="text games in sequence: is more won after a person has shown how each is played?",
    arms=(NOTHING, RANDOM, GROWTH, RECORDS),
    load=load,
    score=solved,
    reference=NOTHING.name,
    solve=solve,
    skips=skips,
)

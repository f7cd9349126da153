"""TextWorldExpress (https://arxiv.org/abs/2208.01174): the 16 settings of TALES, and one game at play.

TALES (https://arxiv.org/abs/2504.14128) plays every setting for 100 steps and counts the best normalised
score on the way; so does this. A game that is lost stays lost, so what follows is not played.
"""

from __future__ import annotations

import atexit
import importlib.util
import queue
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from textworld_express import TextWorldExpressEnv

Fold = Literal["train", "dev", "test"]
STEPS = 100
FIRST: dict[Fold, int] = {"train": 0, "dev": 10_000, "test": 20_000}
"""The first seed of each fold; a fold has 1,000."""


@dataclass(frozen=True)
class Setting:
    """A game of a certain size."""

    name: str
    game: str
    options: str = ""


def _simon(name: str, length: int, *, memory: bool = False, verbose: bool = False) -> Setting:
    told = f", verbose={int(verbose)}" if memory else ""
    options = f"gameLength={length}, numDistractors=4, memorization={int(memory)}{told}"
    return Setting(f"{name}{length}{'Verbose' if verbose else ''}", "simonsays", options)


ONE_ROOM = "numLocations=1, includeDoors=0, limitInventorySize=0"
SETTINGS: tuple[Setting, ...] = (
    Setting("CookingWorld", "cookingworld", f"{ONE_ROOM}, numIngredients=2, numDistractorItems=5"),
    Setting("TextWorldCommonsense", "twc", f"{ONE_ROOM}, numItemsToPutAway=1"),
    Setting("CoinCollector", "coin", "numLocations=1, numDistractorItems=5, limitInventorySize=0"),
    Setting("Arithmetic", "arithmetic"),
    Setting(
        "MapReader",
        "mapreader",
        "numLocations=2, maxDistanceApart=1, maxDistractorItemsPerLocation=2, includeDoors=0, "
        "limitInventorySize=0",
    ),
    Setting("Sorting", "sorting"),
    *(_simon("SimonSays", length) for length in (10, 50, 100)),
    *(_simon("SimonSaysWithMemory", length, memory=True) for length in (10, 50, 100)),
    *(_simon("SimonSaysWithMemory", length, memory=True, verbose=True) for length in (10, 50, 100)),
    Setting("PeckingOrder", "peckingorder"),
)
GAMES: tuple[str, ...] = tuple(dict.fromkeys(setting.game for setting in SETTINGS))


class Told(TypedDict):
    """What of the environment's report is read here."""

    observation: str
    look: str
    inventory: str
    validActions: list[str]
    score: float
    done: bool
    taskDescription: str


@dataclass(frozen=True)
class Seen:
    """What the environment tells after a step."""

    text: str
    look: str
    """The room as a look around would show it; empty where there is no room."""
    inventory: str
    valid: tuple[str, ...]


def missing() -> str:
    """What the games need and this machine lacks, in a line; empty when nothing is missing."""
    if importlib.util.find_spec("textworld_express") is None:
        return "textworld-express is not installed; pip install 'skillweave[games]'"
    return "" if shutil.which("java") else "the games run on Java, and there is no java on the path"


class Play:
    """One game from its start. Its steps are counted, whatever they are spent on."""

    def __init__(
        self,
        env: TextWorldExpressEnv,
        setting: Setting,
        seed: int,
        fold: Fold,
        *,
        gold: bool = False,
    ):
        _, told = env.reset(
            seed=seed,
            gameFold=fold,
            gameName=setting.game,
            gameParams=setting.options,
            generateGoldPath=gold,
        )
        self._env = env
        self.task: str = told["taskDescription"]
        self.gold: tuple[str, ...] = tuple(env.getGoldActionSequence()) if gold else ()
        self.seen = _seen(told)
        self.steps = 0
        self.best = 0.0
        self.over = False

    def step(self, action: str) -> Seen:
        """Do one thing. The environment refuses what makes no sense, which also costs a step."""
        told: Told
        _, _, _, told = self._env.step(action)
        self.seen = _seen(told)
        self.steps += 1
        self.best = max(self.best, told["score"])
        self.over = told["done"] or self.steps >= STEPS
        return self.seen


def _seen(told: Told) -> Seen:
    return Seen(
        text=told["observation"].strip(),
        look=told["look"].strip(),
        inventory=told["inventory"].strip(),
        valid=tuple(sorted(told["validActions"])),
    )


class _Envs:
    """Environments that are not in use; each is a process of Java, which takes a second to start."""

    def __init__(self) -> None:
        self._free: queue.SimpleQueue[TextWorldExpressEnv] = queue.SimpleQueue()
        atexit.register(self.close)

    def take(self) -> TextWorldExpressEnv:
        from textworld_express import TextWorldExpressEnv

        try:
            return self._free.get_nowait()
        except queue.Empty:
            return TextWorldExpressEnv(envStepLimit=10 * STEPS)

    def give(self, env: TextWorldExpressEnv) -> None:
        self._free.put(env)

    def close(self) -> None:
        while not self._free.empty():
            self._free.get_nowait().close()


@cache
def _envs() -> _Envs:
    return _Envs()


@contextmanager
def environment() -> Iterator[TextWorldExpressEnv]:
    """An environment for this block alone."""
    env = _envs().take()
    try:
        yield env
    finally:
        _envs().give(env)

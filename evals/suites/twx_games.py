"""TextWorldExpress (https://arxiv.org/abs/2208.01174): the 16 settings of TALES, and one game at play.

TALES (https://arxiv.org/abs/2504.14128) plays every setting for 100 steps and counts the best normalised
score on the way; so does this. A game that is lost stays lost, so what follows is not played.
"""

from __future__ import annotations

import importlib.util
import shutil
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel

from skillweave.skills.errors import UserError

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


class Told(BaseModel):
    """What of the environment's report is read here."""

    observation: str
    look: str
    inventory: str
    validActions: tuple[str, ...]  # noqa: N815 - the environment's name
    score: float
    tasksuccess: bool
    taskfailure: bool


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

    def __init__(self, setting: Setting, seed: int, fold: Fold, *, gold: bool = False) -> None:
        """Begin a game.

        Raises:
            UserError: the games are not installed, or the environment refuses the setting.
        """
        if why := missing():
            raise UserError(why)
        self._game = _java().textworldexpress.runtime.PythonInterface()
        if refused := self._game.load(setting.game, setting.options):
            raise UserError(f"{setting.name}: {refused}")
        told = Told.model_validate_json(self._game.generateNewGameJSON(seed, fold, gold))
        self.task = str(self._game.getTaskDescription())
        self.gold = tuple(map(str, self._game.getGoldActionSequence())) if gold else ()
        self.seen = _seen(told)
        self.steps = 0
        self.best = 0.0
        self.over = False

    def step(self, action: str) -> Seen:
        """Do one thing. The environment refuses what makes no sense, which also costs a step."""
        told = Told.model_validate_json(self._game.stepJSON(action))
        self.seen = _seen(told)
        self.steps += 1
        self.best = max(self.best, told.score)
        self.over = told.tasksuccess or told.taskfailure or self.steps >= STEPS
        return self.seen


def _seen(told: Told) -> Seen:
    return Seen(
        text=told.observation.strip(),
        look=told.look.strip(),
        inventory=told.inventory.strip(),
        valid=tuple(sorted(told.validActions)),
    )


_STARTING = threading.Lock()


def _java() -> Any:
    """The one process of Java, in which all games are played; it ends with this one."""
    with _STARTING:
        return _started()


@cache
def _started() -> Any:
    from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway
    from textworld_express.constants import BASEPATH, JAR_PATH

    options = ["-Xverify:none", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    port = launch_gateway(classpath=JAR_PATH, cwd=BASEPATH, die_on_exit=True, javaopts=options)
    return JavaGateway(gateway_parameters=GatewayParameters(auto_field=True, port=port)).jvm

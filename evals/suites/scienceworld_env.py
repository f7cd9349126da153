"""ScienceWorld (https://arxiv.org/abs/2203.07540): tasks of short solutions, and one of them at play.

TALES (https://arxiv.org/abs/2504.14128) plays 100 steps and counts the best score on the way; so does this.
A task that is failed (the wrong thing was focused on) stays failed. The environment's own ``step`` lists all
valid actions each time, which takes most of a second; here its server is asked directly.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from scienceworld import ScienceWorldEnv

Fold = Literal["train", "dev", "test"]
STEPS: Final = 100
TASKS: Final = (
    "find-living-thing",
    "find-non-living-thing",
    "find-plant",
    "find-animal",
    "lifespan-longest-lived",
    "lifespan-shortest-lived",
    "power-component",
    "use-thermometer",
)
"""Their solutions take 6 to 25 steps."""
FIRST: Final = "0"
"""What is said when the environment asks which of several things is meant."""
_ROOM: Final = re.compile(r"called the ([\w' ]+?)\.")
_WHICH: Final = "Ambiguous request"


class Deed(NamedTuple):
    """One action, and where it was done."""

    room: str
    action: str


class Play:
    """One variation of a task, from its start."""

    def __init__(
        self, env: ScienceWorldEnv, task: str, variation: int, *, gold: bool = False
    ) -> None:
        env.load(task, variation, "", generateGoldPath=gold)
        self._env = env
        self.gold: tuple[str, ...] = tuple(env.get_gold_action_sequence()) if gold else ()
        self.task: str = " ".join(env.get_task_description().split())
        self.deeds: list[Deed] = []
        self.best = 0.0
        self.over = False

    @property
    def steps(self) -> int:
        return len(self.deeds)

    @property
    def solved(self) -> bool:
        return self.best >= 1.0

    def look(self) -> str:
        """The room; this takes no step."""
        return str(self._env.look())

    @property
    def room(self) -> str:
        """The name of the room."""
        found = _ROOM.search(self.look())
        return found[1] if found else ""

    def step(self, action: str) -> str:
        """Do one thing, and say what is seen then; where several things are meant, the first is."""
        self.deeds.append(Deed(self.room, action))
        text = str(self._env.server.step(action))
        score = float(self._env.server.getScore())
        self.best = max(self.best, score)
        self.over = bool(self._env.server.getCompleted()) or score < 0 or self.steps >= STEPS
        if text.startswith(_WHICH) and not self.over:
            return self.step(FIRST)
        return text


def missing() -> str:
    """What the tasks need and this machine lacks, in a line; empty when nothing is missing."""
    if importlib.util.find_spec("scienceworld") is None:
        return "scienceworld is not installed; pip install 'skillweave[games]'"
    return "" if shutil.which("java") else "scienceworld runs on Java, and no java is on the path"


@cache
def variations(task: str, fold: Fold) -> tuple[int, ...]:
    """The official variations of a fold."""
    with environment() as env:
        env.load(task, 0, "")
        listed = {
            "train": env.get_variations_train,
            "dev": env.get_variations_dev,
            "test": env.get_variations_test,
        }
        return tuple(listed[fold]())


_ONE = threading.RLock()


@contextmanager
def environment() -> Iterator[ScienceWorldEnv]:
    """The environment, for this block alone: it is a process of Java that takes seconds to start."""
    with _ONE:
        yield _environment()


@cache
def _environment() -> ScienceWorldEnv:
    from scienceworld import ScienceWorldEnv

    return ScienceWorldEnv("", envStepLimit=10 * STEPS)

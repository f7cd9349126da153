"""BabyAI's levels as text: what the agent sees in words, episodes by seed, and the bot's demonstrations.

The levels are minigrid's (https://arxiv.org/abs/1810.08272, Apache-2.0), the rendering is ours. The agent
is told what it did last and what it carries, the objects it sees (nearest first, with the way there), how
far the wall ahead is, and its mission.
"""

from __future__ import annotations

import contextlib
import io
import random
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

from skillweave.agent.handle import Closing

ACTIONS: Final = ("left", "right", "forward", "take", "drop", "toggle")
"""In minigrid's order."""
MOVES: Final = (0, 1, 2)
SEEN: Final = 6
"""Objects that are told, nearest first."""
REMEMBERED: Final = 3
"""Last actions that are told."""
STEPS: Final = 40
"""Of one episode, whatever minigrid allows."""
NOISE: Final = 0.1
"""Share of a demonstration's moves that are made at random, so that it also shows the way back."""
TRAIN, DEV, TEST = range(10_000), range(10_000, 20_000), range(20_000, 30_000)
"""Seeds of the episodes."""
_COLOURS: Final = ("red", "green", "blue", "purple", "yellow", "grey")
_KINDS: Final = {4: "door", 5: "key", 6: "ball", 7: "box"}
_WALL: Final = 2
_DRAWING: Final = threading.Lock()
_DOOR: Final = ("open", "closed", "locked")


class Level(NamedTuple):
    """A level that an adapter is trained on, or one that composes several such."""

    name: str
    env: str
    """Its name in minigrid, between ``BabyAI-`` and ``-v0``."""
    parts: tuple[str, ...] = ()
    """Names of the levels it composes; no adapter is trained on it then."""


LEVELS: Final = (
    Level("go-to-red-ball", "GoToRedBall"),
    Level("go-to-object", "GoToObj"),
    Level("go-to-local", "GoToLocal"),
    Level("go-to-door", "GoToDoor"),
    Level("pick-up-described", "PickupDist"),
    Level("pick-up-in-room", "OneRoomS8"),
    Level("put-next", "PutNextLocalS5N3"),
    Level("open-red-door", "OpenRedDoor"),
    Level("open-door", "OpenDoorColor"),
    Level("open-two-doors", "OpenTwoDoors"),
    Level("unlock", "UnlockLocal"),
    Level("find-object", "FindObjS5"),
)
COMPOSED: Final = (
    Level("go-to-object-or-door", "GoToObjDoor", ("go-to-local", "go-to-door")),
    Level(
        "act-on-object-or-door", "ActionObjDoor", ("go-to-local", "pick-up-described", "open-door")
    ),
    Level("open-doors-in-order", "OpenDoorsOrderN2", ("open-door", "open-two-doors")),
    Level("unlock-and-pick-up", "UnlockPickup", ("unlock", "pick-up-described")),
    Level("go-to-in-order", "GoToSeqS5R2", ("go-to-local", "open-door")),
)


class Shown(NamedTuple):
    """One moment of a demonstration."""

    seen: str
    mission: str
    action: int
    """What the bot does there."""


class Episode(Closing):
    """One episode, in words."""

    def __init__(self, level: Level, seed: int) -> None:
        import gymnasium
        import minigrid  # noqa: F401 - names its levels to gymnasium

        # A level tells on the standard output, which all threads share, which drafts of it were no good.
        with _DRAWING, warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            self._env: Any = gymnasium.make(f"BabyAI-{level.env}-v0").unwrapped
            self._env.reset(seed=seed)
        self._did: list[str] = []
        self._tried: dict[str, set[str]] = {}
        self._idle: set[str] = set()
        self.mission = str(self._env.mission)
        self.seen = self._look()
        """All that the agent is told now, besides the mission."""
        self.over = self.solved = False

    def close(self) -> None:
        """Close the environment."""
        self._env.close()

    @property
    def steps(self) -> int:
        return len(self._did)

    def _look(self) -> str:
        return told(
            self._env.gen_obs()["image"].tolist(),
            f"{self._env.carrying.color} {self._env.carrying.type}" if self._env.carrying else "",
            self._did[-REMEMBERED:],
        )

    @property
    def untried(self) -> list[str]:
        """The actions that did not just change nothing, and were not yet done when the very same was
        told: to do the same again would lead in a circle for ever. All, once there is none left."""
        tried = self._idle | self._tried.get(self.seen, set())
        return [action for action in ACTIONS if action not in tried] or list(ACTIONS)

    def act(self, action: int) -> None:
        """Do it."""
        name, before = ACTIONS[action], self.seen
        self._tried.setdefault(before, set()).add(name)
        _, reward, ended, cut, _ = self._env.step(action)
        self._did.append(name)
        self.seen = self._look()
        self._idle = self._idle | {name} if _view(self.seen) == _view(before) else set()
        self.solved = reward > 0
        self.over = ended or cut or self.steps >= STEPS

    def shown(self, rng: random.Random, noise: float = NOISE) -> Iterator[Shown]:
        """What the bot does at each step; now and then something else is done.

        The bot loses its way at times: it then raises AssertionError.
        """
        from minigrid.utils.baby_ai_bot import BabyAIBot

        bot, last = BabyAIBot(self._env), None
        while not self.over:
            wanted = int(bot.replan(last))
            if wanted >= len(ACTIONS):
                return
            yield Shown(self.seen, self.mission, wanted)
            last = rng.choice(MOVES) if rng.random() < noise else wanted
            self.act(last)


def missing() -> str:
    """Why there are no levels here, in a line; empty when there are."""
    return "" if find_spec("minigrid") else "minigrid is absent; pip install 'skillweave[games]'"


def demonstrations(level: Level, count: int, seeds: range = TRAIN) -> list[list[Shown]]:
    """The first solved demonstrations of a level; those in which the bot fails do not count."""
    found: list[list[Shown]] = []
    for seed in seeds:
        if len(found) == count:
            break
        with Episode(level, seed) as episode:
            try:
                shown = list(episode.shown(random.Random(f"{level.name}/{seed}")))
            except AssertionError:
                continue  # the bot's own checks: it has lost its way
            if episode.solved:
                found.append(shown)
    return found


def _view(seen: str) -> str:
    """What is told without what was done."""
    return seen.partition("; ")[2]


def told(view: Sequence[Sequence[Sequence[int]]], carried: str, did: Sequence[str]) -> str:
    """The words for one moment.

    Args:
        view: minigrid's picture ``[7][7][3]``, first across from left to right, then towards the
            agent, which stands in the middle of the last row; kind, colour and state of each cell.
    """
    wide, deep = len(view), len(view[0])
    found: list[tuple[int, int, str]] = []
    wall = ""
    for ahead in range(deep):
        for across in range(wide):
            kind, colour, state = view[across][deep - 1 - ahead]
            side = across - wide // 2
            if kind == _WALL and side == 0 and not wall:
                wall = f"wall {_place(ahead, 0)}"
            if kind in _KINDS and (ahead, side) != (0, 0):
                what = f"{_DOOR[state]} " if kind == 4 else ""
                name = f"{_COLOURS[colour]} {what}{_KINDS[kind]}"
                found.append((ahead + abs(side), side, f"{name} {_place(ahead, side)}"))
    near = [words for _, _, words in sorted(found)[:SEEN]] + [wall] * bool(wall)
    has = [f"has {carried}"] if carried else []
    last = f"did {' '.join(did) or 'nothing'}"
    return "; ".join([last, *has, ", ".join(near) or "nothing"])


def _place(ahead: int, side: int) -> str:
    """The way until one stands before it, in the words of the actions.

    >>> _place(3, 0), _place(1, 0), _place(2, -1)
    ('forward 2', 'here', 'forward 2 left 1')
    """
    if side == 0:
        return f"forward {ahead - 1}" if ahead > 1 else "here"
    ways = [f"forward {ahead}"] if ahead else []
    return " ".join([*ways, f"{'left' if side < 0 else 'right'} {abs(side)}"])


def recoloured(shown: Shown, names: Mapping[str, str]) -> Shown:
    """The same moment in other colours, mission included: what is to be done stays."""

    def renamed(text: str) -> str:
        return " ".join(names.get(word, word) for word in text.split(" "))

    return Shown(renamed(shown.seen), renamed(shown.mission), shown.action)


def colours(rng: random.Random) -> dict[str, str]:
    """A renaming of the colours."""
    return dict(zip(_COLOURS, rng.sample(_COLOURS, len(_COLOURS)), strict=True))

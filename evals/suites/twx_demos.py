"""Demonstrations for the policies of the games: gold paths of the train fold, and what is asked on the way.

Written by hand: which steps of a gold path say nothing (`IDLE`), when a policy should ask a skill and in
which words (`_asked`), and two games in which an expert plays instead (`twx_experts`).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from string import digits

from skillweave.agent.nano.corpus import Conversation
from skillweave.agent.nano.lora import as_conversation
from skillweave.evals.suites.twx_experts import HERE, NOTE, Ask, cook, tidy
from skillweave.evals.suites.twx_games import SETTINGS, Play, Setting
from skillweave.evals.suites.twx_state import (
    LETTERS,
    Letters,
    State,
    after,
    looked,
    prompt_of,
    started,
)

IDLE = re.compile(r"look around|inventory|task|close .+")
SEEDS = 100
"""Of the train fold: what differs from game to game is mostly names, which are letters here."""
SIMON_SEEDS = 1
"""Of each setting of Simon Says."""
RARE = 0.25
"""Share of the pairs that are drawn by their kind."""
_BLANKS = tuple(chr(0xE000 + n) for n in range(len(LETTERS)))


@dataclass(frozen=True)
class Demo:
    """What to do in a state."""

    state: State
    action: str | Ask


def demos_of(game: str, seeds: Sequence[int] | None = None) -> list[Demo]:
    """All demonstrations of a game, in all its settings of TALES."""
    found: list[Demo] = []
    for setting in (one for one in SETTINGS if one.game == game):
        few = range(SIMON_SEEDS if game == "simonsays" else SEEDS)
        for seed in few if seeds is None else seeds:
            play = Play(setting, seed, "train", gold=True)
            found += _played(play, setting)
    return found


class Lessons:
    """Demonstrations as training pairs, with letters and digits drawn at random for each."""

    def __init__(self, demos: Sequence[Demo]) -> None:
        self._pairs = [_blank(demo) for demo in demos]
        self._kinds: dict[str, list[tuple[str, str]]] = {}
        for pair in self._pairs:
            self._kinds.setdefault(_kind(pair[1]), []).append(pair)

    def draw(self, rng: random.Random) -> Conversation:
        """One pair; sometimes of a kind that was drawn first, so that rare kinds are seen."""
        kind = rng.choice(list(self._kinds.values()))
        asked, said = rng.choice(kind if rng.random() < RARE else self._pairs)
        drawn = rng.sample(LETTERS, len(LETTERS)) + rng.sample(digits, 10)
        chosen = str.maketrans(dict(zip((*_BLANKS, *digits), drawn, strict=True)))
        return as_conversation(asked.translate(chosen), said.translate(chosen))


def _kind(answer: str) -> str:
    """The words before the first letter that stands for something."""
    return re.split(f"[{_BLANKS[0]}-{_BLANKS[-1]}]", answer)[0]


def _blank(demo: Demo) -> tuple[str, str]:
    """Prompt and answer with characters of no text in the place of letters."""
    letters = Letters.of(demo.state, _BLANKS)
    return prompt_of(demo.state, letters), answer_of(demo.action, letters)


def answer_of(action: str | Ask, letters: Letters) -> str:
    """What a policy says to do it."""
    if isinstance(action, str):
        return letters.mask(action)
    given = (letters.note if one == NOTE else letters.mask(one) for one in action.given)
    return f"ask {action.goal}: {'; '.join(given)}"


def _played(play: Play, setting: Setting) -> Iterator[Demo]:
    """Plays the gold path to its end, or as the expert of the game does."""
    state = started(play.task, play.seen)
    gold = [action for action in play.gold if not IDLE.fullmatch(action)]
    while not play.over:
        action: str | Ask
        if setting.game == "cookingworld":
            action = cook(state)
        elif setting.game == "twc":
            action = tidy(state, gold[0].removeprefix("take "))
        else:
            action = _asked(state, gold, setting) or gold.pop(0)
        yield Demo(state, action)
        state = (
            replace(state, told=action.told)
            if isinstance(action, Ask)
            else _done(play, state, action)
        )


def _done(play: Play, state: State, action: str) -> State:
    seen = play.step(action)
    return looked(after(state, action, seen.text), seen.look, seen.inventory)


def _asked(state: State, gold: Sequence[str], setting: Setting) -> Ask | None:
    """What to ask before the next step of a gold path."""
    action = gold[0]
    number = re.match(r"take (\d+) ", action)
    if setting.game == "arithmetic" and number and state.told == (number[1],):
        thing = action.removeprefix("take ")
        return Ask("thing of that quantity", (HERE, number[1]), (thing,))
    if state.told:
        return None
    if setting.game == "arithmetic" and number:
        return Ask("calculate", (NOTE,), (number[1],))
    if setting.game == "sorting":
        things = tuple(a.removeprefix("take ") for a in gold if a.startswith("take "))
        return Ask("sort by quantity", (HERE,), things)
    if setting.game == "mapreader" and action.startswith("move ") and state.scene is not None:
        place = dict(state.scene.exits)[action.removeprefix("move ")]
        goal = _goal(state)
        return Ask("next place on the way", (NOTE, state.scene.place, goal), (place,))
    if "Memory" in setting.name:
        return Ask("items of the list", (NOTE,), tuple(gold))
    return None


def _goal(state: State) -> str:
    """Where the coin is, or, when it is carried, the box."""
    coin = re.search(r"located in the (.+?),", state.task)
    box = re.search(r"found in the (.+?)\.", state.task)
    found = box if "coin" in state.have else coin
    return found[1] if found else ""

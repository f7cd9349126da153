"""Demonstrations for the policies of the games: gold paths of the train fold, and what is asked on the way.

Written by hand: which steps of a gold path say nothing (`IDLE`), when a policy should ask a skill and in
which words (`_asked`), and that things in the wrong place are to be tried elsewhere (`_detours`).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from string import digits

from skillweave.agent.nano.corpus import Conversation
from skillweave.agent.nano.lora import as_conversation
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
SIMON_SEEDS = 1
"""Of each setting of Simon Says: its games differ in nothing but words, which are letters here."""
NOTE = "\0"
"""Stands for the text of the note in what a policy asks."""
HERE = "here"
"""The word for all that is in sight."""
_BLANKS = tuple(chr(0xE000 + n) for n in range(len(LETTERS)))


@dataclass(frozen=True)
class Ask:
    """A question to a skill: what it should do, and on what."""

    goal: str
    given: tuple[str, ...]
    told: tuple[str, ...]
    """What it will answer."""


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
            found += _played(play, setting, random.Random(f"{setting.name}/{seed}"))
    return found


class Lessons:
    """Demonstrations as training pairs, with letters and digits drawn at random for each."""

    def __init__(self, demos: Sequence[Demo]) -> None:
        self._pairs = [_blank(demo) for demo in demos]

    def draw(self, rng: random.Random) -> Conversation:
        """One pair."""
        asked, said = rng.choice(self._pairs)
        drawn = rng.sample(LETTERS, len(LETTERS)) + rng.sample(digits, 10)
        chosen = str.maketrans(dict(zip((*_BLANKS, *digits), drawn, strict=True)))
        return as_conversation(asked.translate(chosen), said.translate(chosen))


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


def _played(play: Play, setting: Setting, rng: random.Random) -> Iterator[Demo]:
    """Plays the gold path to its end."""
    state = started(play.task, play.seen)
    gold = [action for action in play.gold if not IDLE.fullmatch(action)]
    for at, action in enumerate(gold):
        if setting.game == "twc" and action.startswith("put "):
            for detour in _detours(play, action, rng):
                state = _done(play, state, detour)
                if state.last.startswith("put "):
                    taken = f"take {detour.removeprefix('put ').split(' in ')[0]}"
                    yield Demo(state, taken)
                    state = _done(play, state, taken)
        ask = _asked(state, gold[at:], setting)
        if ask is not None:
            yield Demo(state, ask)
            state = replace(state, told=ask.told)
        yield Demo(state, action)
        state = _done(play, state, action)


def _done(play: Play, state: State, action: str) -> State:
    seen = play.step(action)
    return looked(after(state, action, seen.text), seen.look, seen.inventory)


def _detours(play: Play, action: str, rng: random.Random) -> Iterator[str]:
    """Up to four wrong places for a thing, one after another, opened where they are shut."""
    thing, _, right = action.removeprefix("put ").partition(" in ")
    for _ in range(rng.randrange(5)):
        places = [a for a in play.seen.valid if a.startswith(f"put {thing} in ")]
        places += [a for a in play.seen.valid if a.startswith("open ")]
        wrong = [a for a in places if a not in (action, f"open {right}")]
        if not wrong:
            return
        yield rng.choice(wrong)


def _asked(state: State, gold: Sequence[str], setting: Setting) -> Ask | None:
    """What to ask before the next step of a gold path."""
    action = gold[0]
    if state.told:
        return None
    if setting.game == "arithmetic" and (number := re.match(r"take (\d+) ", action)):
        return Ask("calculate", (NOTE,), (number[1],))
    if setting.game == "sorting":
        things = tuple(a.removeprefix("take ") for a in gold if a.startswith("take "))
        return Ask("sort by quantity", (HERE,), things)
    if setting.game == "mapreader" and action.startswith("move ") and state.scene is not None:
        place = dict(state.scene.exits)[action.removeprefix("move ")]
        goal = _goal(state)
        return Ask("next place on the way", (NOTE, state.scene.place, goal), (place,))
    if "Memory" in setting.name:
        return Ask("next item of the list", (NOTE, str(state.moves)), (action,))
    return None


def _goal(state: State) -> str:
    """Where the coin is, or, when it is carried, the box."""
    coin = re.search(r"located in the (.+?),", state.task)
    box = re.search(r"found in the (.+?)\.", state.task)
    found = box if "coin" in state.have else coin
    return found[1] if found else ""

"""What a policy of the games is shown: a state tracker, and letters for all that is particular.

Written by hand: how the environment's sentences are read, which words of it stay words (`WORDS`,
`MODIFIERS`), and what a state holds. Everything else that has a name, rooms, things, quoted words, texts,
is a letter in the prompt, drawn anew for every prompt of the training, so that a policy can only refer
to it. Numbers stay digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase

from skillweave.evals.suites.twx_games import Seen

WORDS = frozenset(
    {"oven", "stove", "toaster", "knife", "cookbook", "meal", "box", "coin", "map"}
    | {"math problem", "instructions book"}
)
"""Names that the rules of the games speak of; the same in every game."""
MODIFIERS = frozenset("raw roasted fried grilled barbecued sliced diced chopped".split())
LETTERS = (*ascii_uppercase, *"bcdefghk")
SHOWN = 150
"""Characters of a text that is shown; a text of several lines, or a list, has a letter too."""
AHEAD = 6
"""Of a list that a skill gave, so many are shown."""
_ARTICLE = re.compile(r"^(?:an?|some|the) ", re.IGNORECASE)
_SEES = re.compile(
    r"(?:In one part of the room you see|There is also|You also see"
    r"|In another part of the room you see) (.+?)\.(?=\s|$)"
)
_EXIT = re.compile(r"[Tt]o the (North|South|East|West)(?:,)? you see (?:the |a |an )?([^.]+)\.")
_SHUT = re.compile(r"^(.+?),? that is closed$")
_FREE = re.compile(r"^(.+?),? that (?:is empty|has nothing on it)$")
_HOLDS = re.compile(r"^(.+?),? that (?:contains|has) (.+?)(?: on it)?$")
_LIST = re.compile(r", and |, ")
_QUOTED = re.compile(r"'([^']+)'")
_ORDER = re.compile(r"in order: (.+)\.$")
_PLACES = re.compile(r"[Tt]he ([a-z ]+?) connects to the ([a-z ]+?)[.,]")
_DONE = re.compile(r"You (\w+ the .+?)(?: with the \w+)?\.")
_PADDING = re.compile(r"^Your task is to |\b[Tt]he |following math problem: |that is ")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Thing:
    """What stands in a room: ``shut``, ``free`` (nothing in or on it), or holding other things."""

    name: str
    state: str = ""
    holds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    """A room."""

    place: str
    things: tuple[Thing, ...] = ()
    exits: tuple[tuple[str, str], ...] = ()
    """Direction and place."""


@dataclass(frozen=True)
class State:
    """What the tracker knows."""

    task: str = ""
    scene: Scene | None = None
    have: tuple[str, ...] = ()
    note: str = ""
    """The last text that was read or heard."""
    left: str = ""
    """The same without the lines that the game said were done."""
    told: tuple[str, ...] = ()
    """What the last skill that was asked gave, without what was put away or done since; forgotten in
    another room."""
    used: tuple[str, ...] = ()
    """Where things have been put, or where that was tried."""
    last: str = ""
    moves: int = 0
    """Actions so far that the game understood, without looks."""


def read_scene(text: str) -> Scene:
    """The description of a room.

    >>> read_scene("You are in the den. In one part of the room you see a box, that is empty. ").things
    (Thing(name='box', state='free', holds=()),)
    """
    place = re.match(r"You are in the (.+?)\.", text)
    things = tuple(_thing(found) for found in _SEES.findall(text))
    exits = tuple((way.lower(), name) for way, name in _EXIT.findall(text))
    return Scene(place[1] if place else "", things, exits)


def _thing(told: str) -> Thing:
    if found := _SHUT.match(told):
        return Thing(named(found[1]), "shut")
    if found := _FREE.match(told):
        return Thing(_unopened(named(found[1])), "free")
    if found := _HOLDS.match(told):
        return Thing(_unopened(named(found[1])), "", read_list(found[2]))
    return Thing(named(told))


def _unopened(name: str) -> str:
    return name.removeprefix("open ")


def read_list(told: str) -> tuple[str, ...]:
    """``a coin, and some salt`` -> ``coin``, ``salt``"""
    return tuple(named(part) for part in _LIST.split(told) if part)


def read_inventory(text: str) -> tuple[str, ...]:
    """What is carried."""
    return (
        tuple(named(line.strip()) for line in text.splitlines()[1:] if line.startswith("  "))
        if ("currently empty" not in text)
        else ()
    )


def named(phrase: str) -> str:
    """Without its article."""
    return _ARTICLE.sub("", phrase.strip())


def base(phrase: str) -> tuple[str, str]:
    """What was done to a thing, and its name: ``roasted diced leek`` -> ``roasted diced``, ``leek``."""
    words = phrase.split()
    cut = next((n for n, word in enumerate(words) if word not in MODIFIERS), 0)
    return " ".join(words[:cut]), " ".join(words[cut:])


def items_of(note: str) -> tuple[str, ...]:
    """What a text speaks of in quotes, in a list of ingredients, or as places of a map."""
    if found := _QUOTED.findall(note):
        return tuple(found)
    if "Ingredients:" in note:
        part = note.partition("Ingredients:")[2].partition("Directions:")[0]
        return tuple(line.strip() for line in part.splitlines() if line.strip())
    return tuple(name for pair in _PLACES.findall(note) for name in pair)


def names_of(state: State) -> tuple[str, ...]:
    """All that gets a letter, in the order in which the prompt speaks of it."""

    def found() -> Iterator[str]:
        if state.scene is not None:
            yield state.scene.place
            for thing in state.scene.things:
                for name in (thing.name, *thing.holds):
                    yield from _NUMBER.findall(name)[:1]
                    yield name
            for _, place in state.scene.exits:
                yield place
        for name in state.have:
            yield from _NUMBER.findall(name)[:1]
            yield name
        yield from items_of(state.note)
        yield from state.used
        yield from state.told[:AHEAD]

    bases = (base(name)[1] for name in found())
    return tuple(name for name in dict.fromkeys(bases) if name and name not in WORDS)


@dataclass(frozen=True)
class Letters:
    """Letters for names, and one for the text of the note."""

    names: Mapping[str, str]
    note: str

    @classmethod
    def of(cls, state: State, letters: Sequence[str] = LETTERS) -> Letters:
        """By default in the order of the prompt."""
        note, *rest = letters
        return cls(dict(zip(names_of(state), rest, strict=False)), note)

    def mask(self, text: str) -> str:
        """Letters in the place of names."""
        if not self.names:
            return text
        longest = sorted(self.names, key=len, reverse=True)
        pattern = r"(?<!\w)(?:" + "|".join(map(re.escape, longest)) + r")(?!\w)"
        return re.sub(pattern, lambda found: self.names[found[0]], text)

    def unmask(self, text: str, note: str = "") -> str:
        """Names in the place of letters, and the text in the place of its own."""
        known = {letter: name for name, letter in self.names.items()} | {self.note: note}
        return re.sub(r"(?<![\w'])[A-Za-z](?![\w'])", lambda m: known.get(m[0], m[0]), text)


def prompt_of(state: State, letters: Letters) -> str:
    """The state in a line."""
    parts = []
    here = state.scene.place if state.scene is not None else ""
    if any(name in state.task for name in letters.names if name != here):
        parts.append(f"task {_particular(state.task, letters)}")
    if state.scene is not None:
        parts.append(f"at {letters.mask(state.scene.place)}")
        parts += [_shown_thing(thing, letters) for thing in state.scene.things]
        parts += [f"{way} {letters.mask(place)}" for way, place in state.scene.exits]
        parts.append("have " + (_shown_names(state.have, letters) or "nothing"))
    if state.note:
        lettered = "\n" in state.note or _ORDER.search(state.note)
        shown = (letters.note if lettered else "", _particular(state.left, letters))
        parts.append(" ".join(filter(None, ("note", *shown))))
    if state.used:
        parts.append("used " + _shown_names(state.used, letters))
    if state.scene is None:
        parts.append(f"done {state.moves}")
    if state.told:
        told = (f"number {one}" if _NUMBER.fullmatch(one) else one for one in state.told[:AHEAD])
        parts.append("told " + ", ".join(map(letters.mask, told)))
    if state.scene is not None:
        parts.append("last " + (letters.mask(state.last) or "nothing"))
    return "; ".join(parts)


def _shown_names(names: Iterable[str], letters: Letters) -> str:
    return ", ".join(_shown_name(name, letters) for name in names)


def _shown_name(name: str, letters: Letters) -> str:
    """A letter; before it what was done to the thing, and a letter for how many there are."""
    done, plain = base(name)
    number = _NUMBER.match(plain)
    return " ".join(
        filter(None, (done, letters.mask(number[0]) if number else "", letters.mask(plain)))
    )


def _shown_thing(thing: Thing, letters: Letters) -> str:
    name = _shown_name(thing.name, letters)
    if thing.holds:
        return f"{name}: {_shown_names(thing.holds, letters)}"
    return f"{name} {thing.state}".strip()


def _particular(text: str, letters: Letters) -> str:
    """The lines and sentences of a text that hold a letter or a number; nothing when they are long."""
    kept = []
    for part in re.split(r"[\n.]", _ORDER.sub("", text)):
        masked = letters.mask(part.strip())
        if masked != part.strip() or re.search(r"\d", part):
            # A letter behind a quote is another piece than the same letter behind a blank.
            kept.append(_PADDING.sub("", masked).replace("'", ""))
    told = ", ".join(kept)
    return told if len(told) <= SHOWN else ""


def after(state: State, action: str, text: str) -> State:
    """The state when an action was done and a text came back; the room is told by `looked`."""
    done = _DONE.match(text)
    phrase = done[1] if done else ""
    used, told, note, left = state.used, state.told, state.note, state.left
    if action.startswith("put ") and " in " in action:
        thing, _, place = action.removeprefix("put ").rpartition(" in ")
        used = used if place in used else (*used, place)
        if phrase.startswith("put "):
            told = tuple(one for one in told if one not in (thing, place))
    if phrase:
        left = "\n".join(line for line in left.split("\n") if not _says(line, phrase))
    if tells(text):
        note = left = text
    if state.scene is None:
        told = told[1:] if action in told[:1] else ()
    moves = state.moves + (not text.startswith("Unknown action"))
    return replace(state, last=action, used=used, note=note, left=left, told=told, moves=moves)


def _says(line: str, phrase: str) -> bool:
    """Whether a line of a text asks for what was done, or names the thing it was done to."""
    return phrase in line or line.strip() == phrase.partition(" the ")[2]


def tells(text: str) -> bool:
    """Whether a text is worth keeping: what was read, or what Simon says."""
    known = (
        "Gather all",
        "Simon says",
        "The current task",
        "Your task is to solve",
        "The map reads",
    )
    return text.startswith(known)


def looked(state: State, look: str, inventory: str) -> State:
    """The state with what a look around and into the pockets shows."""
    if not look:
        return state
    scene = read_scene(look)
    told = state.told if state.scene is None or state.scene.place == scene.place else ()
    return replace(state, scene=scene, have=read_inventory(inventory), told=told)


def started(task: str, seen: Seen) -> State:
    """The state at the start of a game."""
    note = seen.text if tells(seen.text) else ""
    state = State(task=task, note=note, left=note)
    return looked(state, seen.look, seen.inventory)

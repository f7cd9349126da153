"""Two games played by hand-written rules, where a gold path says what cannot be seen.

A gold path opens the very cupboard that holds the flour, and puts a thing at once where common sense has
it; a policy that sees letters can only search. These experts search in the order in which things stand
in the room, so that what they do follows from the state they see.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skillweave.evals.suites.twx_state import State, base

NOTE = "\0"
"""Stands for the text of the note in what a policy asks."""
HERE, USED = "here", "used"
"""The words for all things in sight, and for the places where something was put."""
DEVICES = {"roast": "oven", "fry": "stove", "grill": "toaster"}
CUTS = ("slice", "dice", "chop")


@dataclass(frozen=True)
class Ask:
    """A question to a skill: what it should do, and on what."""

    goal: str
    given: tuple[str, ...]
    told: tuple[str, ...]
    """What it will answer."""


def in_sight(state: State) -> Iterator[str]:
    """The names of all things in the room, and of what they hold."""
    for thing in state.scene.things if state.scene is not None else ():
        yield thing.name
        yield from thing.holds


def cook(state: State) -> str:
    """The next action of a cook who follows the recipe line by line and opens what is shut for the rest."""
    seen = {base(name)[1] for name in in_sight(state)}
    carried = {base(name)[1] for name in state.have}
    if "cookbook" not in carried:
        return "take cookbook"
    if not state.note:
        return "read cookbook"
    if "knife" in seen:
        return "take knife"
    wanted, directions = _left_of(state)
    for name in wanted:
        if name in seen:
            return f"take {name}"
    cuts = any(line.startswith(CUTS) for line in directions)
    shut = (
        [thing.name for thing in state.scene.things if thing.state == "shut"] if state.scene else []
    )
    if shut and (wanted or (cuts and "knife" not in carried)):
        return f"open {shut[0]}"
    if directions:
        verb, _, name = directions[0].partition(" the ")
        return f"{verb} {name}" if verb in CUTS else f"cook {name} in {DEVICES[verb]}"
    return "eat meal" if "meal" in carried else "prepare meal"


def tidy(state: State, thing: str) -> str | Ask:
    """The next action of somebody who tries one place after another for a thing."""
    if thing not in state.have:
        return f"take {thing}"
    place = state.told[0] if state.told else ""
    if state.last == f"open {place}":
        return f"put {thing} in {place}"
    if place and state.last != f"put {thing} in {place}":
        return f"open {place}"
    left = next(name for name in in_sight(state) if name not in state.used)
    return Ask("first thing not yet used", (HERE, USED), (left,))


def _left_of(state: State) -> tuple[list[str], list[str]]:
    """Ingredients that are still to be gathered, and directions that are still to be followed."""
    wanted, _, directions = state.left.partition("Directions:")
    lines = [line.strip() for line in wanted.partition("Ingredients:")[2].splitlines()]
    steps = [line.strip() for line in directions.splitlines() if " the " in line]
    return [line for line in lines if line], steps

"""Requests written by hand, in the wordings of everyday life, with their plans; values are drawn anew.

A block of a file in ``handwritten/`` is a request and the lines of its plan:

    I have {t}. Flip it around and tell me how many vowels are in there.
    #1 Flip {t} around
    #2 how many vowels are in {#1}

``{t}`` is a quoted text, ``{t2}`` another one; `KINDS` has the other letters. ``{#1}`` is the result of
a step. One block in ten is held out.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from skillweave.agent.nano.corpus import values
from skillweave.agent.nano.corpus.words import Side, name, word
from skillweave.skills.errors import PlanError

_SLOT: Final = re.compile(r"( ?)\{([a-z]\d?|#\d+)\}")
_STEP: Final = re.compile(r"#(\d+) ")


BARE: Final = 0.4
"""How often a list of words that can stand without brackets does."""
_PIECES: Final = re.compile(r"(<<.*?>>)", re.DOTALL)
_DIMENSION: Final = {unit: n for n, units in enumerate(values.DIMENSIONS) for unit in units}
_UNIT: Final = re.compile(
    r"(?<![\w/])("
    + "|".join(map(re.escape, sorted(_DIMENSION, key=len, reverse=True)))
    + r")(?![\w/])",
    re.IGNORECASE,
)


class Block(NamedTuple):
    """A request and its plan, with slots."""

    request: str
    plan: tuple[str, ...]


class Drawn(NamedTuple):
    """A request with values, and the lines of its plan with the same values in ``<<`` and ``>>``."""

    request: str
    plan: str
    steps: int


def _numbers(rng: random.Random, side: Side) -> str:
    size = rng.choices((3, 4, 5, 6, 8), (3, 5, 5, 3, 2))[0]
    high, decimals = rng.choice((10, 50, 100, 1000)), rng.choice((0, 0, 0, 0, 1))
    items = [f"{rng.uniform(0, high):.{decimals}f}" for _ in range(size)]
    joined = ", ".join(items)
    return rng.choice((joined, joined, f"[{joined}]", f"{', '.join(items[:-1])} and {items[-1]}"))


def _items(rng: random.Random, side: Side) -> str:
    items = [word(rng, side, invented_share=0.1) for _ in range(rng.randint(3, 6))]
    return rng.choice((f"[{', '.join(items)}]", f"'{', '.join(items)}'", f'"{",".join(items)}"'))


def _bare(rng: random.Random, side: Side) -> str:
    """A list of words as people type it."""
    items = [word(rng, side, invented_share=0.1) for _ in range(rng.randint(3, 6))]
    if rng.random() < 0.5:
        items = [item.capitalize() for item in items]
    last = rng.choice((", ", " and ", ", and "))
    return rng.choice((", ".join(items), ", ".join(items[:-1]) + last + items[-1]))


def _sentence(rng: random.Random, side: Side) -> str:
    words = [word(rng, side, invented_share=0.1) for _ in range(rng.choice((1, 1, 2, 3, 4, 6, 9)))]
    left, right = rng.choice((("'", "'"), ('"', '"'), ('"', '"'), ("“", "”")))
    body = " ".join(words)
    return left + (body.capitalize() if rng.random() < 0.4 else body) + right


KINDS: Final[dict[str, Callable[[random.Random, Side], str]]] = {
    "t": _sentence,
    "w": values.short,
    "n": values.number,
    "s": values.small,
    "l": _numbers,
    "i": _items,
    "d": values.date,
    "z": values.time,
    "b": values.table,
    "j": values.jsonish,
    "k": values.code,
    "u": values.unit,
    "c": values.column,
    "m": name,
}
"""Text, short text, number, small number, list of numbers, list of words, date, time, table, JSON, code,
unit, column name, and a name in bare words."""


def parse(text: str) -> Iterator[Block]:
    """The blocks of a file.

    Raises:
        PlanError: a block whose plan cannot be read, or says what its request does not.
    """
    for chunk in re.split(r"\n\s*\n", text.strip()):
        lines = chunk.split("\n")
        start = next((i for i, line in enumerate(lines) if _STEP.match(line)), len(lines))
        block = Block("\n".join(lines[:start]), tuple(lines[start:]))
        if why := fault(block):
            raise PlanError(f"{why}: {block.request[:80]!r}")
        yield block


def fault(block: Block) -> str:
    """What is wrong with a block; empty if nothing is."""
    if not block.request or not block.plan:
        return "a request and its plan lines are needed"
    given = {slot for _, slot in _SLOT.findall(block.request)}
    if unknown := sorted(slot for slot in given if slot[0] not in KINDS):
        return f"no such slot {{{unknown[0]}}}"
    if re.search(r"\d", _SLOT.sub("", block.request)) and "\n" not in block.request:
        return "numbers of the request must be slots"
    words = _SLOT.sub("\0", block.request).lower()
    for number, line in enumerate(block.plan, start=1):
        head = _STEP.match(line)
        if head is None or int(head.group(1)) != number:
            return f"line {number} must start with #{number}"
        goal = line[head.end() :]
        for _, slot in _SLOT.findall(goal):
            if slot[0] == "#" and not 1 <= int(slot[1:]) < number:
                return f"step {number} refers to {slot}"
            if slot[0] != "#" and slot not in given:
                return f"step {number} has {{{slot}}}, which the request has not"
        for run in _SLOT.sub("\0", goal).split("\0"):
            if not _stands(run.strip().lower(), words):
                return f"step {number}: {run.strip()!r} does not stand together in the request"
    return ""


def _stands(run: str, words: str) -> bool:
    """Whether the words stand together; an end that several goals share may be repeated."""
    begun, _, end = run.rpartition(" ")
    shared = end in ("of", "in") and begun and re.search(rf" {end}\b", words)
    return bool(not run or _is_part(run, words) or (shared and _stands(begun, words)))


def _is_part(run: str, words: str) -> bool:
    """Whether ``run`` stands in ``words``, neither end of it within a word."""
    at = words.find(run)
    while at >= 0:
        around = words[max(0, at - 1) : at], words[at + len(run) : at + len(run) + 1]
        if not any("a" <= sign <= "z" for sign in around):
            return True
        at = words.find(run, at + 1)
    return False


@cache
def blocks(side: Side) -> tuple[Block, ...]:
    """All blocks to train on, or all that are held out."""
    folder = files("skillweave.agent.nano.corpus").joinpath("handwritten")
    texts = sorted(
        (f.name, f.read_text("utf-8")) for f in folder.iterdir() if f.name.endswith(".txt")
    )
    found = dict.fromkeys(block for _, text in texts for block in parse(text))
    return tuple(block for block in found if side_of(block) == side)


def side_of(block: Block) -> Side:
    """One block in ten is kept out of training."""
    return "held-out" if zlib.crc32(block.request.encode()) % 10 == 0 else "train"


def written(rng: random.Random, side: Side, first: int = 1) -> Drawn:
    """A block with values.

    Args:
        first: number of the first step.
    """
    block = rng.choice(blocks(side))
    given: dict[str, str] = {}
    for _, slot in _SLOT.findall(block.request):
        if slot in given:
            continue
        bare = slot[0] == "i" and rng.random() < BARE and _ends_itself(slot, block.request)
        given[slot] = _bare(rng, side) if bare else _fresh(rng, side, slot, given)

    def said(match: re.Match[str]) -> str:
        return match.group(1) + given[match.group(2)]

    def planned(match: re.Match[str]) -> str:
        slot = match.group(2)
        inside = f"#{int(slot[1:]) + first - 1}" if slot[0] == "#" else f" {given[slot]}"
        return f"<<{inside}>>"

    lines = [
        f"#{first + index} " + _SLOT.sub(planned, _as_there(_STEP.sub("", line), block.request))
        for index, line in enumerate(block.plan)
    ]
    plan = "\n".join(re.sub(r"^(#\d+) <<", r"\1<<", units_marked(line)) for line in lines)
    return Drawn(_SLOT.sub(said, block.request), plan, len(lines))


def _ends_itself(slot: str, request: str) -> bool:
    """Whether a list shows without brackets where it ends.

    >>> _ends_itself("i", "Sort {i}."), _ends_itself("i", "Sort {i}, then join")
    (True, False)
    """
    once = request.count(f"{{{slot}}}") == 1
    return once and bool(re.search(rf"\{{{slot}\}}(?=[:.;?!\n]| [–-] |$)", request))


def units_marked(line: str) -> str:
    """A line of a plan with the units of a conversion as values; people write them as plain words.

    >>> units_marked("#1 Convert<< 5>> miles to km"), units_marked("#1 add<< 3>> days to<< A>>")
    ('#1 Convert<< 5>><< miles>> to<< km>>', '#1 add<< 3>> days to<< A>>')
    """
    named = [unit.lower() for unit in _UNIT.findall(line)]
    pairs = {
        dimension
        for dimension, units in enumerate(values.DIMENSIONS)
        if sum(unit in units for unit in named) == 2 == len({u for u in named if u in units})
    }
    if re.search(r"hours and minutes|minutes and seconds|days and hours", line):
        pairs.discard(len(values.DIMENSIONS) - 1)

    def marked(found: re.Match[str]) -> str:
        inside = _DIMENSION[found.group(1).lower()] in pairs
        return f"<< {found.group(1)}>>" if inside else found.group()

    pieces = _PIECES.split(line)
    outside = [_UNIT.sub(marked, piece) if n % 2 == 0 else piece for n, piece in enumerate(pieces)]
    return re.sub(r" <<", "<<", "".join(outside))


def _as_there(goal: str, request: str) -> str:
    """The goal with capitals as the request has them."""
    first = _SLOT.split(goal)[0].strip()
    if not first or first in request:
        return goal
    found = re.search(rf"(?<![A-Za-z]){re.escape(first)}(?![a-z])", request, re.IGNORECASE)
    return goal.replace(first, found.group(), 1) if found else goal


def _fresh(rng: random.Random, side: Side, slot: str, given: dict[str, str]) -> str:
    """A value that no other slot has."""
    while (value := KINDS[slot[0]](rng, side)) in given.values():
        pass
    return value

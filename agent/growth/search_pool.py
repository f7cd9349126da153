"""Constants that a program may need: from the request, from the examples, and a small pool."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from skillweave.skills.model import Frozen

POOL: tuple[JsonValue, ...] = (1, 2, 3, 10, 100, " ", ",", "-")
MOST_WORDS = 12
LONGEST = 20
_QUOTED = re.compile(r"\"([^\"]*)\"|“([^”]*)”|(?<!\w)'([^']*)'(?!\w)")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]*\w)")
_WORD = re.compile(r"[^\W\d_]{2,}")
_FILLERS = frozenset(
    "a all an and are as at by each every first for from give in into is it its last make of on or"
    " that the their them then to with".split()
)


class Constant(Frozen):
    """A value that may stand in a program, and what it adds to the program's size."""

    value: JsonValue
    size: int


def constants(request: str, outputs: Sequence[JsonValue]) -> tuple[Constant, ...]:
    """Values named in the request and affixes of all outputs count 1, the others 2.

    >>> [c.value for c in constants("put 'x' 7 times", ["a!", "b!"])][:3]
    [7, 'x', '!']
    """
    sized = [
        *((value, 1) for value in _named(request)),
        *((value, 1) for value in _affixes(outputs)),
        *((value, 2) for value in POOL),
        *((value, 2) for value in _words(request)),
    ]
    found: dict[tuple[type, JsonValue], Constant] = {}
    for value, size in sized:
        found.setdefault((type(value), value), Constant(value=value, size=size))
    return tuple(found.values())


def _named(request: str) -> Iterator[JsonValue]:
    """Numbers and quoted texts."""
    quoted = [next(g for g in m.groups() if g is not None) for m in _QUOTED.finditer(request)]
    for match in _NUMBER.finditer(_QUOTED.sub(" ", request)):
        text = match.group()
        yield float(text) if "." in text else int(text)
    yield from quoted


def _words(request: str) -> list[str]:
    """Bare words, such as units and the names of columns."""
    found = dict.fromkeys(_WORD.findall(_QUOTED.sub(" ", request)))
    return [word for word in found if word.casefold() not in _FILLERS][:MOST_WORDS]


def _affixes(outputs: Sequence[JsonValue]) -> Iterator[str]:
    """What all outputs begin or end with."""
    texts = [value for value in outputs if isinstance(value, str)]
    if len(texts) < len(outputs) or len(set(texts)) < 2:
        return
    before = _prefix(texts)
    after = _prefix([text[::-1] for text in texts])[::-1]
    yield from (affix for affix in (before, after) if 0 < len(affix) <= LONGEST)


def _prefix(texts: Sequence[str]) -> str:
    shortest = min(texts, key=len)
    ends = (i for i, letter in enumerate(shortest) if any(t[i] != letter for t in texts))
    return shortest[: next(ends, len(shortest))]

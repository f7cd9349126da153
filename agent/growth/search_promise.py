"""How little an expression promises, from what it gives: counted into its size, never a reason to drop it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from pydantic import JsonValue

from skillweave.agent.growth.search_kinds import kind_of

BLURRED, FAR = 2, 2
NEAR = 0.6
_TEXTUAL = frozenset({"string", "list:string", "list:other", "object"})


def doubt(vector: Sequence[JsonValue], goal: Sequence[JsonValue]) -> int:
    """What to add to the size of an expression that gives ``vector`` in the examples of ``goal``."""
    return BLURRED * is_blurred(vector, goal) + FAR * is_far(vector, goal)


def is_blurred(vector: Sequence[JsonValue], goal: Sequence[JsonValue]) -> bool:
    """Whether examples with different outputs look the same: the way on needs another argument.

    >>> is_blurred([3, 3], ["a", "b"])
    True
    """
    outputs: dict[str, str] = {}
    for value, output in zip(vector, goal, strict=False):
        if outputs.setdefault(repr(value), repr(output)) != repr(output):
            return True
    return False


def is_far(vector: Sequence[JsonValue], goal: Sequence[JsonValue]) -> bool:
    """Whether texts lack most letters of the texts that are wanted, as a hash does.

    >>> is_far(["5d41402a"], ["HELLO"]), is_far(["hello"], ["HELLO"])
    (True, False)
    """
    shares = [
        _share(output, value)
        for value, output in zip(vector, goal, strict=False)
        if kind_of(value) in _TEXTUAL and kind_of(output) in _TEXTUAL
    ]
    return bool(shares) and sum(shares) < NEAR * len(shares)


def _share(output: JsonValue, value: JsonValue) -> float:
    wanted, there = _letters(output), _letters(value)
    return (wanted & there).total() / wanted.total() if wanted else 1.0


def _letters(value: JsonValue) -> Counter[str]:
    text = value if isinstance(value, str) else json.dumps(value)
    return Counter(letter for letter in text.casefold() if letter.isalnum())

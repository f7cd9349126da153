"""Values that a goal says in words: ``the second of {}``, ``{} four times in a row``.

A plan makes values of what stands in a request as a value; a number word may be one or not (``the first
letter big``). The skill tells: its parameters need it, or they do not.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import JsonValue

from skillweave.agent.numbers import ORDINALS, WORDS
from skillweave.agent.plan import SLOT, Input, Literal, Step
from skillweave.agent.profiles.assign import assignable
from skillweave.skills.model import Signature

MOST: Final = 3
"""Number words of a goal that are looked at."""
_NUMBER: Final = re.compile(rf"\b(?:{'|'.join([*WORDS, *ORDINALS, 'twice'])})\b", re.IGNORECASE)


def number_words(goal: str) -> list[re.Match[str]]:
    """The words of a goal that name a whole number, from left to right."""
    return list(itertools.islice(_NUMBER.finditer(goal), MOST))


def spelled_out(
    step: Step, values: Sequence[JsonValue], signature: Signature
) -> tuple[Step, list[JsonValue]]:
    """The step with as few number words as possible made values, so that the parameters get theirs.

    Nothing is changed where they need none, or where none helps.
    """
    for chosen in _choices(number_words(step.goal)):
        spelled, more = _with(step, values, chosen)
        if assignable(more, signature):
            return spelled, more
    return step, list(values)


def _choices(words: Sequence[re.Match[str]]) -> Iterator[tuple[re.Match[str], ...]]:
    """Fewer words before more, those that count before those that order: ``the first three letters``."""
    for count in range(len(words) + 1):
        yield from sorted(itertools.combinations(words, count), key=_ordering)


def _ordering(words: Sequence[re.Match[str]]) -> int:
    return sum(word.group().lower() in ORDINALS for word in words)


def _with(
    step: Step, values: Sequence[JsonValue], words: Sequence[re.Match[str]]
) -> tuple[Step, list[JsonValue]]:
    """The step with slots in place of ``words``."""
    goal, end = "", 0
    inputs: list[Input] = list(step.inputs)
    more = list(values)
    for word in words:
        goal += step.goal[end : word.start()] + SLOT
        end = word.end()
        at = goal.count(SLOT) - 1
        inputs.insert(at, Literal(text=word.group()))
        more.insert(at, word.group())
    return step.model_copy(update={"goal": goal + step.goal[end:], "inputs": tuple(inputs)}), more

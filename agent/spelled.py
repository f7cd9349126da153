"""Values that a goal says in words: ``the second of {}``, ``{} four times``, ``average price of {}``.

A plan makes values of what stands in a request as a value; a number word may be one or not (``the first
letter big``), and so may the name of a table's column. The skill tells: its parameters need it, or they
do not.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from pydantic import JsonValue

from skillweave.agent.numbers import ORDINALS, WORDS
from skillweave.agent.plan import SLOT, Input, Literal, Step
from skillweave.agent.profiles.assign import assignable
from skillweave.agent.tables import columns_of_numbers, is_table, rows_of, takes_table
from skillweave.skills.model import Signature

MOST: Final = 3
"""Words of a sort that are looked at in a goal."""
_NUMBER: Final = re.compile(rf"\b(?:{'|'.join([*WORDS, *ORDINALS, 'twice'])})\b", re.IGNORECASE)


class Word(NamedTuple):
    """A word of a goal that may be a value."""

    start: int
    end: int
    value: str
    orders: bool = False
    """Whether it is an ordinal."""


def spare_words(goal: str, values: Sequence[JsonValue], signature: Signature) -> list[Word]:
    """The words of a goal that name a column of a table among the values, where a table is wanted; then
    those that name a whole number.

    A table's only column of numbers goes without saying: ``what do these cost together``.
    """
    numbers = columns_of_numbers(values) if _is_about_numbers(signature) else None
    spare = {
        name: column
        for name, column in _columns_of(values, signature).items()
        if column not in values and (numbers is None or column in numbers)
    }
    found = list(itertools.islice(_named(goal, spare), MOST))
    if not found and numbers is not None and len(spare) == 1:
        found = [Word(len(goal), len(goal), next(iter(spare.values())))]
    for match in itertools.islice(_NUMBER.finditer(goal), MOST):
        word = match.group()
        found.append(Word(match.start(), match.end(), word, word.lower() in ORDINALS))
    return found


def _named(goal: str, columns: Mapping[str, str]) -> Iterator[Word]:
    """The columns that a goal names; they are given by their names in small letters."""
    if columns:
        either = "|".join(map(re.escape, sorted(columns, key=len, reverse=True)))
        for match in re.finditer(rf"(?<!\w)({either})(?:e?s)?(?!\w)", goal, re.IGNORECASE):
            yield Word(match.start(), match.end(), columns[match.group(1).lower()])


def _columns_of(values: Sequence[JsonValue], signature: Signature) -> dict[str, str]:
    """The columns of all tables among the values by their names in small letters, where the skill takes
    a table."""
    if not takes_table(signature):
        return {}
    names = [name for value in values if is_table(value) for name in rows_of(str(value))[0]]
    return {name.lower(): name for name in names if name}


def _is_about_numbers(signature: Signature) -> bool:
    """Whether a skill gives a number or takes one, so that its column is one of numbers."""
    types = [signature.returns.get("type"), *(one.type for one in signature.parameters)]
    return "number" in types


def spelled_out(
    step: Step, values: Sequence[JsonValue], signature: Signature
) -> tuple[Step, list[JsonValue]]:
    """The step with as few words as possible made values, so that the parameters get theirs.

    Nothing is changed where they need none, or where none helps.
    """
    for chosen in _choices(spare_words(step.goal, values, signature)):
        spelled, more = _with(step, values, chosen)
        if assignable(more, signature):
            return spelled, more
    return step, list(values)


def _choices(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    """Fewer words before more, those that count before those that order: ``the first three letters``."""
    for count in range(len(words) + 1):
        for chosen in sorted(itertools.combinations(words, count), key=_ordering):
            yield tuple(sorted(chosen))


def _ordering(words: Sequence[Word]) -> int:
    return sum(word.orders for word in words)


def _with(
    step: Step, values: Sequence[JsonValue], words: Sequence[Word]
) -> tuple[Step, list[JsonValue]]:
    """The step with slots in place of ``words``."""
    goal, end = "", 0
    inputs: list[Input] = list(step.inputs)
    more = list(values)
    for word in words:
        goal += step.goal[end : word.start] + SLOT
        end = word.end
        at = goal.count(SLOT) - 1
        inputs.insert(at, Literal(text=word.value))
        more.insert(at, word.value)
    return step.model_copy(update={"goal": goal + step.goal[end:], "inputs": tuple(inputs)}), more

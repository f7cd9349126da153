"""Values that a goal says in words: ``the second of {}``, ``{} four times``, ``average price of {}``.

A plan makes values of what stands in a request as a value; a number word may be one or not (``the first
letter big``), and so may the name of a table's column. The skill tells: its parameters need it, or they
do not.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from pydantic import JsonValue

from skillweave.agent.numbers import ORDINALS, WORDS, parse_number
from skillweave.agent.plan import SLOT, Input, Literal, Step
from skillweave.agent.profiles.assign import assignable, is_table
from skillweave.skills.model import Signature

MOST: Final = 3
"""Words of a sort that are looked at in a goal."""
TABLE: Final = "table"
"""The parameter that takes a table; beside it, names of columns are values."""
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
    those that name a whole number."""
    found = list(itertools.islice(_columns(goal, values, signature), MOST))
    for match in itertools.islice(_NUMBER.finditer(goal), MOST):
        word = match.group()
        found.append(Word(match.start(), match.end(), word, word.lower() in ORDINALS))
    return found


def names_columns(goal: str, values: Sequence[JsonValue], signature: Signature) -> bool:
    """Whether the skill is one for tables, and a column of a table among the values is named: by another
    value, or by the goal."""
    known = _known_columns(values, signature)
    given = any(isinstance(value, str) and value.lower() in known for value in values)
    return given or next(_columns(goal, values, signature), None) is not None


def _columns(goal: str, values: Sequence[JsonValue], signature: Signature) -> Iterator[Word]:
    known = _known_columns(values, signature)
    spare = [name for name, column in known.items() if column not in values]
    if spare:
        either = "|".join(map(re.escape, sorted(spare, key=len, reverse=True)))
        for match in re.finditer(rf"(?<!\w)({either})(?:e?s)?(?!\w)", goal, re.IGNORECASE):
            yield Word(match.start(), match.end(), known[match.group(1).lower()])


def _known_columns(values: Sequence[JsonValue], signature: Signature) -> dict[str, str]:
    """The columns of all tables among the values by their names in small letters, where the skill takes
    a table."""
    if all(parameter.name != TABLE for parameter in signature.parameters):
        return {}
    names = [name for value in values if is_table(value) for name in columns_of(str(value))]
    return {name.lower(): name for name in names if name}


def columns_of(table: str) -> list[str]:
    """The cells of a table's first line: the names of its columns."""
    line = table.splitlines()[0]
    sign = max(",;\t|", key=line.count)
    return [name.strip() for name in line.strip("|").split(sign)]


def spelled_out(
    step: Step, values: Sequence[JsonValue], signature: Signature
) -> tuple[Step, list[JsonValue]]:
    """The step with as few words as possible made values, so that the parameters get theirs.

    Where none helps and a number is wanted of a column, it is that of the table's only column of
    numbers: ``what do these cost together``. Else nothing is changed.
    """
    for chosen in _choices(spare_words(step.goal, values, signature)):
        spelled, more = _with(step, values, chosen)
        if assignable(more, signature):
            return spelled, more
    if signature.returns.get("type") == "number":
        end = len(step.goal)
        for column in _columns_of_numbers(values)[:1]:
            spelled, more = _with(step, values, (Word(end, end, column),))
            if assignable(more, signature):
                return spelled, more
    return step, list(values)


def _columns_of_numbers(values: Sequence[JsonValue]) -> list[str]:
    """The column of numbers of a table among the values; none where it has several."""
    tables = [str(value) for value in values if is_table(value)]
    found = [
        name
        for table in tables
        for name, *cells in zip(*map(columns_of, table.strip().splitlines()), strict=False)
        if cells and all(parse_number(cell) is not None for cell in cells)
    ]
    return found if len(found) == 1 else []


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

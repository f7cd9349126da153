"""Which value may go to which parameter: every way that the types allow."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from skillweave.agent.coerce import CoercionError, coerce
from skillweave.agent.numbers import parse_number
from skillweave.agent.tables import TABLE, is_table
from skillweave.skills.model import Parameter, Signature

MOST: Final = 48
"""More ways than this are not listed; the model is then asked freely."""

IMPOSSIBLE: Final = 2.5
NO_WAY: Final = 1.0
ODD: Final = 0.6

Assignment = Mapping[str, tuple[int, ...]]
"""Name of a parameter -> positions of its values; several make a list."""


def assignments(values: Sequence[JsonValue], signature: Signature) -> tuple[Assignment, ...]:
    """Every way to use each value once and to give every required parameter what it can take.

    A parameter that takes a list may get several values. Empty when there is no way, or too many.
    """
    found = tuple(itertools.islice(_complete(values, signature), MOST + 1))
    return found if len(found) <= MOST else ()


def misfit(values: Sequence[JsonValue], signature: Signature) -> float:
    """How badly the values suit the parameters: 0 well, `NO_WAY` not at all, in the unit of scores;
    `IMPOSSIBLE` where there is a value that none of them takes.

    A table is no list and a list no text, however they can be read. In between lie values that do not
    look like what they are for: a lone number as a list, JSON as a table, or a number as one of several
    texts (a single text may be meant for digits, such as those of a binary number).
    """
    if any(not any(_takes(p, value) for p in signature.parameters) for value in values):
        return IMPOSSIBLE
    if any(map(is_table, values)) and all(p.type != "string" for p in signature.parameters):
        return NO_WAY
    several = len(signature.parameters) > 1
    by_name = {p.name: p for p in signature.parameters}

    def cost(name: str, taken: tuple[int, ...]) -> float:
        value, kind = values[taken[0]], by_name[name].type
        if kind == "string" and isinstance(value, list | dict):
            return NO_WAY
        if kind == "array":
            odd = len(taken) == 1 and is_number(value)
        elif name.startswith("json"):
            odd = not _is_json(value)
        elif name == TABLE:
            odd = _is_json(value) or is_number(value)
        else:
            odd = kind == "string" and several and is_number(value)
        return ODD if odd else 0.0

    ways = itertools.islice(_complete(values, signature), MOST)
    costs = (sum(cost(name, taken) for name, taken in way.items()) for way in ways)
    return min((min(one, NO_WAY) for one in costs), default=NO_WAY)


def assignable(values: Sequence[JsonValue], signature: Signature) -> bool:
    """Whether there is a way to use each value once and to give every required parameter its own."""
    return next(_complete(values, signature), None) is not None


def value_of(way: tuple[int, ...], values: Sequence[JsonValue]) -> JsonValue:
    """The value that a parameter gets."""
    chosen = [values[i] for i in way]
    return chosen[0] if len(chosen) == 1 else chosen


def _complete(values: Sequence[JsonValue], signature: Signature) -> Iterator[Assignment]:
    for way in _ways(values, signature.parameters, 0, {}):
        if all(p.name in way for p in signature.parameters if p.required):
            yield way


def _ways(
    values: Sequence[JsonValue],
    parameters: Sequence[Parameter],
    position: int,
    taken: dict[str, tuple[int, ...]],
) -> Iterator[Assignment]:
    """Give the value at ``position`` to each parameter in turn, then go on with the next value."""
    if position == len(values):
        yield dict(taken)
        return
    for parameter in parameters:
        before = taken.get(parameter.name, ())
        if before and parameter.type != "array":
            continue
        way = (*before, position)
        if _takes(parameter, value_of(way, values)):
            yield from _ways(values, parameters, position + 1, {**taken, parameter.name: way})


def is_number(value: JsonValue) -> bool:
    """Whether a value is a number, or a text that is nothing but one."""
    if isinstance(value, str):
        return parse_number(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_json(value: JsonValue) -> bool:
    return isinstance(value, list | dict) or (isinstance(value, str) and value[:1] in ("{", "["))


def _takes(parameter: Parameter, value: JsonValue) -> bool:
    schema = dict(parameter.json_schema) or {"type": parameter.type}
    try:
        coerce(value, schema)
    except CoercionError:
        return False
    return True

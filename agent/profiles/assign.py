"""Which value may go to which parameter: every way that the types allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from skillweave.agent.coerce import CoercionError, coerce
from skillweave.skills.model import Parameter, Signature

MOST: Final = 48
"""More ways than this are not listed; the model is then asked freely."""

Assignment = Mapping[str, tuple[int, ...]]
"""Name of a parameter -> positions of its values; several make a list."""


def assignments(values: Sequence[JsonValue], signature: Signature) -> tuple[Assignment, ...]:
    """Every way to use each value once and to give every required parameter what it can take.

    A parameter that takes a list may get several values. Empty when there is no way, or too many.
    """
    found: list[Assignment] = []
    for way in _ways(values, signature.parameters, 0, {}):
        if all(p.name in way for p in signature.parameters if p.required):
            found.append(way)
        if len(found) > MOST:
            return ()
    return tuple(found)


def value_of(way: tuple[int, ...], values: Sequence[JsonValue]) -> JsonValue:
    """The value that a parameter gets."""
    chosen = [values[i] for i in way]
    return chosen[0] if len(chosen) == 1 else chosen


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


def _takes(parameter: Parameter, value: JsonValue) -> bool:
    schema = dict(parameter.json_schema) or {"type": parameter.type}
    try:
        coerce(value, schema)
    except CoercionError:
        return False
    return True

"""Which argument of a tool came from which input of its step: worked out from the values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from skillweave.agent.coerce import CoercionError, coerce
from skillweave.agent.schema import Schema, same
from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen, Signature


class NotCompiledError(UserError):
    """A run cannot be made into a skill; the message says why."""


class Slot(Frozen):
    """A place in a tool's arguments: a parameter, or one item of a parameter that is a list."""

    parameter: str
    item: int | None = None


class Given(Frozen):
    """An input of a step as it was: ``exact`` values (results) reach the tool unchanged."""

    value: JsonValue
    exact: bool


def wire(
    given: Sequence[Given], arguments: Mapping[str, JsonValue], signature: Signature
) -> tuple[Slot, ...]:
    """For each input its slot. Raises `NotCompiledError` unless exactly one way explains the call."""
    schemas = {p.name: p.json_schema for p in signature.parameters}
    whole = [Slot(parameter=name) for name in arguments]
    items = [
        Slot(parameter=name, item=index)
        for name, value in arguments.items()
        if isinstance(value, list)
        for index in range(len(value))
    ]
    for slots in (whole, [*whole, *items]):
        fits = [[s for s in slots if _fits(one, s, arguments, schemas)] for one in given]
        ways = []
        for way in _assignments(fits):
            if _is_complete(way, arguments):
                ways.append(way)
            if len(ways) > 1:
                raise NotCompiledError(
                    f"it is not clear which value is which in {signature.text()}"
                )
        if ways:
            return ways[0]
    raise NotCompiledError(f"a value of the step is not among the arguments of {signature.text()}")


def slot_schema(slot: Slot, signature: Signature) -> Schema:
    """The schema of the value a slot takes."""
    schema = next(p.json_schema for p in signature.parameters if p.name == slot.parameter)
    return schema if slot.item is None else _item_schema(schema)


def slot_value(slot: Slot, arguments: Mapping[str, JsonValue]) -> JsonValue:
    """The value that stood in a slot."""
    value = arguments[slot.parameter]
    return value[slot.item] if slot.item is not None and isinstance(value, list) else value


def _item_schema(schema: Schema) -> Schema:
    items = schema.get("items")
    return items if isinstance(items, dict) else {}


def _fits(
    one: Given, slot: Slot, arguments: Mapping[str, JsonValue], schemas: Mapping[str, Schema]
) -> bool:
    wanted = slot_value(slot, arguments)
    if one.exact:
        return same(one.value, wanted)
    schema = schemas[slot.parameter]
    try:
        typed = coerce(one.value, schema if slot.item is None else _item_schema(schema))
    except CoercionError:
        return False
    return same(typed, wanted)


def _assignments(fits: Sequence[Sequence[Slot]]) -> Iterator[tuple[Slot, ...]]:
    """All ways to give every input a slot of its own."""
    if not fits:
        yield ()
        return
    for slot in fits[0]:
        taken = [[s for s in other if not _overlap(s, slot)] for other in fits[1:]]
        for rest in _assignments(taken):
            yield (slot, *rest)


def _overlap(one: Slot, other: Slot) -> bool:
    if one.parameter != other.parameter:
        return False
    return one.item is None or other.item is None or one.item == other.item


def _is_complete(way: Sequence[Slot], arguments: Mapping[str, JsonValue]) -> bool:
    """A list that is put together from inputs holds nothing else."""
    for name in {slot.parameter for slot in way if slot.item is not None}:
        value = arguments[name]
        used = sum(1 for slot in way if slot.parameter == name)
        if not isinstance(value, list) or used != len(value):
            return False
    return True

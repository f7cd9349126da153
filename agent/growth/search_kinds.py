"""What sort of value a tool takes and gives, and how many calls lie between a sort and the goal.

A kind is coarser than a JSON Schema: ``string``, ``number``, ``list:number``. It is what the search
needs to leave out calls that cannot fit, and what its lower bound counts in (the tool graph of FaSTA*).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import JsonValue

from skillweave.agent.schema import Schema, alternatives

EMPTY_LIST = "list"
MIXED = "mixed"
SCALARS = ("string", "number", "boolean", "null", "object")
LISTS = ("list:string", "list:number", "list:other", EMPTY_LIST)
ALL: frozenset[str] = frozenset((*SCALARS, *LISTS, MIXED))


def kind_of(value: JsonValue) -> str:
    """The kind of one value.

    >>> kind_of([1, 2.5]), kind_of([]), kind_of({"a": 1})
    ('list:number', 'list', 'object')
    """
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case dict():
            return "object"
        case _:
            inner = {kind_of(item) for item in value}
    if not inner:
        return EMPTY_LIST
    kind = f"list:{inner.pop()}"
    return kind if not inner and kind in LISTS else "list:other"


def kind_of_all(values: Sequence[JsonValue]) -> str:
    """The kind of what one expression gives in all examples."""
    kinds = {kind_of(value) for value in values}
    if len(kinds) > 1:
        kinds.discard(EMPTY_LIST)
    if len(kinds) == 1:
        return kinds.pop()
    return "list:other" if kinds <= set(LISTS) else MIXED


def kinds_of(schema: Schema) -> frozenset[str]:
    """The kinds that a schema allows."""
    choices = alternatives(schema)
    if choices:
        return frozenset().union(*(kinds_of(one) for one in choices))
    match schema.get("type"):
        case "integer" | "number":
            return frozenset({"number"})
        case "array":
            return _lists(schema)
        case str() as name if name in SCALARS:
            return frozenset({name})
        case _:
            return ALL


def _lists(schema: Schema) -> frozenset[str]:
    items = schema.get("items")
    if not isinstance(items, Mapping) or not items:
        return frozenset(LISTS)
    inner = kinds_of(items)
    named = {f"list:{kind}" for kind in inner if f"list:{kind}" in LISTS}
    rest = {"list:other"} if len(inner) > 1 or inner - {"string", "number"} else set()
    return frozenset({*named, *rest, EMPTY_LIST})


def distances(
    tools: Iterable[tuple[frozenset[str], frozenset[str]]], goal: str
) -> Mapping[str, int]:
    """For each kind the fewest calls that lead to ``goal``; kinds that never do are missing.

    ``tools`` are pairs of the kinds taken (by any parameter) and given.
    """
    found = {goal: 0, MIXED: 1}
    edges = list(tools)
    for distance in range(1, len(ALL) + 1):
        reached = {
            kind
            for takes, gives in edges
            if any(found.get(kind) == distance - 1 for kind in gives)
            for kind in takes
        }
        for kind in reached - found.keys():
            found[kind] = distance
    return found

"""Does a value fit a JSON Schema? The part of JSON Schema that typed Python functions need."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

Schema = Mapping[str, JsonValue]


def problem(value: JsonValue, schema: Schema, where: str = "value") -> str:
    """What is wrong with the value, in one clause; empty when nothing is."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{where} is not a finite number"
    allowed = schema.get("enum")
    if isinstance(allowed, list) and not any(same(value, one) for one in allowed):
        return f"{where} is {value!r}, not one of {', '.join(map(repr, allowed))}"
    choices = alternatives(schema)
    if choices:
        if any(not problem(value, one, where) for one in choices):
            return ""
        return f"{where} is {type_of(value)}, not {' or '.join(_name(one) for one in choices)}"
    wanted = schema.get("type")
    if isinstance(wanted, str) and not _has_type(value, wanted):
        return f"{where} is {type_of(value)}, not {wanted}"
    if isinstance(value, list):
        return _problem_in_list(value, schema, where)
    if isinstance(value, dict):
        return _problem_in_object(value, schema, where)
    return ""


def alternatives(schema: Schema) -> tuple[Schema, ...]:
    """The schemas of a union, in their order; empty when the schema is no union."""
    union = schema.get("anyOf", schema.get("oneOf"))
    if isinstance(union, list):
        return tuple(one for one in union if isinstance(one, dict))
    types = schema.get("type")
    if isinstance(types, list):
        return tuple({**schema, "type": one} for one in types)
    return ()


def same(left: JsonValue, right: JsonValue) -> bool:
    """Equality of JSON values; unlike Python's, ``True`` is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    return left == right


def type_of(value: JsonValue) -> str:
    """The JSON Schema name of a value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _has_type(value: JsonValue, wanted: str) -> bool:
    actual = type_of(value)
    if wanted == "number":
        return actual in ("integer", "number")
    if wanted == "integer" and isinstance(value, float):
        return value.is_integer()
    return wanted in (actual, "any")


def _problem_in_list(value: Sequence[JsonValue], schema: Schema, where: str) -> str:
    prefix, items = schema.get("prefixItems"), schema.get("items")
    if isinstance(prefix, list) and items is None and len(prefix) != len(value):
        return f"{where} has {len(value)} items, not {len(prefix)}"
    for index, item in enumerate(value):
        wanted = prefix[index] if isinstance(prefix, list) and index < len(prefix) else items
        found = problem(item, wanted if isinstance(wanted, dict) else {}, f"{where}[{index}]")
        if found:
            return found
    return ""


def _problem_in_object(value: Mapping[str, JsonValue], schema: Schema, where: str) -> str:
    required = schema.get("required")
    for name in required if isinstance(required, list) else []:
        if name not in value:
            return f"{where} lacks {name}"
    properties, others = schema.get("properties"), schema.get("additionalProperties")
    known = properties if isinstance(properties, dict) else {}
    for name, item in value.items():
        if name not in known and others is False:
            return f"{where} has no {name}"
        wanted = known.get(name, others)
        found = problem(item, wanted if isinstance(wanted, dict) else {}, f"{where}.{name}")
        if found:
            return found
    return ""


def _name(schema: Schema) -> str:
    return str(schema.get("type", "another value"))

"""From the words of a request to the typed values a tool takes, guided by a JSON Schema.

``coerce("3, 8 and 12", {"type": "array", "items": {"type": "number"}})`` is ``[3, 8, 12]``.
Dates and times stay text.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from typing import cast

from pydantic import JsonValue

from skillweave.agent.lists import split_list, unquote
from skillweave.agent.numbers import parse_number
from skillweave.agent.schema import Schema, alternatives, problem
from skillweave.agent.tables import TABLE, as_csv
from skillweave.skills.errors import ModelError
from skillweave.skills.model import Signature

TRUE = frozenset({"true", "yes", "on", "y"})
FALSE = frozenset({"false", "no", "off", "n"})
NOTHING = frozenset({"", "none", "null", "nothing"})
_TEXT_AFTER_SCALARS = {"null": 0, "boolean": 1, "integer": 2, "number": 3, "string": 4}


class CoercionError(ModelError):
    """A value cannot be read as what the parameter asks for."""


def coerce_arguments(
    arguments: Mapping[str, JsonValue], signature: Signature
) -> dict[str, JsonValue]:
    """Typed arguments for a tool; a table becomes CSV. Raises `CoercionError` with the parameter's name."""
    known = {p.name: p for p in signature.parameters}
    unknown = sorted(arguments.keys() - known.keys())
    if unknown:
        raise CoercionError(f"{signature.function} has no parameter {unknown[0]}")
    typed: dict[str, JsonValue] = {}
    for name, parameter in known.items():
        if name in arguments:
            try:
                value = coerce(arguments[name], parameter.json_schema)
                typed[name] = as_csv(value) if name == TABLE and isinstance(value, str) else value
            except CoercionError as error:
                raise CoercionError(f"{name}: {error}") from None
        elif parameter.required:
            raise CoercionError(f"{signature.function} needs {name}, which the step does not give")
    return typed


def coerce(value: JsonValue, schema: Schema) -> JsonValue:
    """The value as the schema wants it. Raises `CoercionError` in one line."""
    choices = alternatives(schema)
    if "enum" in schema:
        return _one_of(value, schema["enum"])
    if choices:
        return _first_that_fits(value, choices)
    kind = schema.get("type")
    if isinstance(kind, str) and kind in _READERS:
        return _READERS[kind](value, schema)
    return _anything(value)


def _parsed(text: str) -> JsonValue:
    """A list or an object written as JSON or as a Python literal; None when it is neither."""
    text = text.strip()
    if text[:1] not in ("[", "{", "("):
        return None
    try:
        return cast(JsonValue, json.loads(text))
    except ValueError:
        pass
    try:
        value = ast.literal_eval(text)
        return cast(JsonValue, json.loads(json.dumps(value)))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _string(value: JsonValue, schema: Schema) -> JsonValue:
    match value:
        case str():
            return unquote(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return plain_number(value)
        case list() if all(isinstance(item, str | int | float) for item in value):
            return ", ".join(str(_string(item, schema)) for item in value)
        case None:
            raise CoercionError("there is no text")
        case _:
            return json.dumps(value, ensure_ascii=False)


def plain_number(value: float) -> str:
    """``12`` for 12.0, and no more than 12 significant digits."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value) if isinstance(value, int) else f"{value:.12g}"


def _number(value: JsonValue, schema: Schema) -> JsonValue:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    found = parse_number(unquote(value)) if isinstance(value, str) else value
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise CoercionError(f"{_shown(value)} is not a number")
    return found


def _integer(value: JsonValue, schema: Schema) -> JsonValue:
    found = _number(value, schema)
    if isinstance(found, float):
        if not found.is_integer():
            raise CoercionError(f"{_shown(value)} is not a whole number")
        return int(found)
    return found


def _boolean(value: JsonValue, schema: Schema) -> JsonValue:
    if isinstance(value, bool):
        return value
    word = unquote(value).strip().lower() if isinstance(value, str) else ""
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise CoercionError(f"{_shown(value)} is neither yes nor no")


def _null(value: JsonValue, schema: Schema) -> JsonValue:
    if value is None or (isinstance(value, str) and value.strip().lower() in NOTHING):
        return None
    raise CoercionError(f"{_shown(value)} is something")


def _array(value: JsonValue, schema: Schema) -> JsonValue:
    items = schema.get("items")
    wanted: Schema = items if isinstance(items, dict) else {}
    if isinstance(value, str):
        parsed = _parsed(value)
        value = parsed if isinstance(parsed, list) else _list_in_words(value, wanted)
    if value is None:
        raise CoercionError("there is no list")
    members = value if isinstance(value, list) else [value]
    fixed = schema.get("prefixItems")
    if isinstance(fixed, list):
        if len(fixed) != len(members):
            raise CoercionError(f"{_shown(value)} has {len(members)} items, not {len(fixed)}")
        pairs = zip(members, fixed, strict=True)
        return [coerce(item, one if isinstance(one, dict) else {}) for item, one in pairs]
    return [coerce(item, wanted) for item in members]


def _list_in_words(text: str, items: Schema) -> JsonValue:
    text = unquote(text)
    if items.get("type") == "array":
        return [list(split_list(line)) for line in text.strip().splitlines()]
    parts = split_list(text)
    numeric = items.get("type") in ("number", "integer")
    words = text.split()
    if numeric and len(parts) == 1 and len(words) > 1 and parse_number(text) is None:
        parts = words
    return list(parts)


def _object(value: JsonValue, schema: Schema) -> JsonValue:
    if isinstance(value, str):
        parsed = _parsed(value)
        value = parsed if isinstance(parsed, dict) else _pairs(value)
    if not isinstance(value, dict):
        raise CoercionError(f"{_shown(value)} is not a set of names and values")
    others, properties = schema.get("additionalProperties"), schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    typed: dict[str, JsonValue] = {}
    for name, item in value.items():
        wanted = known.get(name, others)
        typed[name] = coerce(item, wanted) if isinstance(wanted, dict) else item
    found = problem(typed, schema)
    if found:
        raise CoercionError(found)
    return typed


def _pairs(text: str) -> JsonValue:
    """``a: 1, b: 2`` or ``a=1, b=2``."""
    pairs: dict[str, JsonValue] = {}
    for part in split_list(text):
        name, sign, item = (part.replace("=", ":", 1) if ":" not in part else part).partition(":")
        if not sign:
            raise CoercionError(f"{_shown(text)} is not a set of names and values")
        pairs[unquote(name).strip()] = _anything(item.strip())
    return pairs


def _anything(value: JsonValue) -> JsonValue:
    """A value for a parameter of any type: JSON where it is JSON, a number, or the text."""
    if not isinstance(value, str):
        return value
    parsed = _parsed(value)
    if parsed is not None:
        return parsed
    number = parse_number(value) if any(c.isdigit() for c in value) else None
    return unquote(value) if number is None else number


def _one_of(value: JsonValue, allowed: JsonValue) -> JsonValue:
    options = allowed if isinstance(allowed, list) else []
    if any(value == option and type(value) is type(option) for option in options):
        return value
    word = str(_string(value, {})).strip().casefold() if value is not None else "none"
    for option in options:
        if str(_string(option, {}) if option is not None else "none").casefold() == word:
            return option
    listed = ", ".join(str(option) for option in options)
    raise CoercionError(f"{_shown(value)} is not one of {listed}")


def _first_that_fits(value: JsonValue, choices: tuple[Schema, ...]) -> JsonValue:
    """Text goes to the most specific alternative: ``3`` is a number where both are allowed."""
    if not isinstance(value, str):
        exact = [one for one in choices if not problem(value, one)]
        if exact:
            return value
    looks_like_data = isinstance(value, str) and _parsed(value) is not None
    rest = -1 if looks_like_data else 5
    ranked = sorted(choices, key=lambda one: _TEXT_AFTER_SCALARS.get(str(one.get("type")), rest))
    reasons: list[str] = []
    for one in ranked:
        try:
            return coerce(value, one)
        except CoercionError as error:
            reasons.append(str(error))
    raise CoercionError("; ".join(dict.fromkeys(reasons)))


def _shown(value: JsonValue) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return repr(text if len(text) <= 60 else text[:59] + "…")


_READERS: dict[str, Callable[[JsonValue, Schema], JsonValue]] = {
    "string": _string,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "null": _null,
    "array": _array,
    "object": _object,
}

"""Inputs that nobody wrote: generated from a tool's types and from near its known inputs."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from skillweave.agent.schema import alternatives, problem
from skillweave.skills.model import Signature

Arguments = Mapping[str, JsonValue]
Schema = Mapping[str, JsonValue]

_TEXTS = ("alpha beta gamma", "Ada, Bob; Cy", "level", "2024-03-15", "12", "a-b_c d", "x")
_DELTAS = (1, -1, 2, 5, 10)


def inputs_for(
    signature: Signature, known: Sequence[Arguments], rng: random.Random, number: int
) -> list[dict[str, JsonValue]]:
    """Up to ``number`` inputs that fit the types and are none of ``known``, each once."""
    bases = [dict(one) for one in known] or [_of_types(signature, rng) for _ in range(4)]
    seen = {_key(one) for one in known}
    found: list[dict[str, JsonValue]] = []
    for _ in range(number * 6):
        if len(found) == number:
            break
        made = dict(rng.choice(bases))
        for parameter in signature.parameters:
            donors = [one[parameter.name] for one in bases if parameter.name in one]
            if donors and rng.random() < 0.5:
                made[parameter.name] = rng.choice(donors)
        if made and rng.random() < 0.7:
            name = rng.choice(sorted(made))
            made[name] = rng.choice(varied(made[name], rng) or [made[name]])
        if _key(made) not in seen and fits(made, signature):
            seen.add(_key(made))
            found.append(made)
    return found


def others_for(
    name: str, base: Arguments, signature: Signature, known: Sequence[Arguments], rng: random.Random
) -> list[dict[str, JsonValue]]:
    """``base`` with other values of one argument: those of other inputs, then varied ones."""
    schema = next(p.json_schema for p in signature.parameters if p.name == name)
    values = [one[name] for one in known if name in one]
    values += varied(base[name], rng) if name in base else [_of_type(schema, rng)]
    if isinstance(enum := schema.get("enum"), list):
        values += enum
    made = {_key({**base, name: value}): {**base, name: value} for value in values}
    made.pop(_key(base), None)
    return [one for one in made.values() if fits(one, signature)]


def fits(arguments: Arguments, signature: Signature) -> bool:
    """Whether every argument is known and of its type, and no required one is missing."""
    schemas = {p.name: p.json_schema for p in signature.parameters}
    return (
        arguments.keys() <= schemas.keys()
        and all(p.name in arguments for p in signature.parameters if p.required)
        and all(not problem(value, schemas[name]) for name, value in arguments.items())
    )


def varied(value: JsonValue, rng: random.Random) -> list[JsonValue]:
    """Values of the same type, near this one."""
    match value:
        case bool():
            return [not value]
        case int():
            return [*(value + delta for delta in _DELTAS), value * 2, -value]
        case float():
            return [value + 0.5, value * 2, value - 1.25, -value]
        case str():
            return list(_texts_near(value, rng))
        case list():
            return _lists_near(value, rng)
        case dict() if value:
            name = rng.choice(sorted(value))
            return [{**value, name: other} for other in varied(value[name], rng)]
    return []


def _texts_near(text: str, rng: random.Random) -> list[str]:
    step = rng.choice((1, 2, 3))
    near = [re.sub(r"\d+", lambda m: _stepped(m[0], step), text)]
    lines, words = text.splitlines(), text.split(" ")
    if len(lines) > 2:
        return [*near, "\n".join(lines[:-1]), "\n".join([*lines, lines[-1]])]
    if len(words) > 1:
        near += [" ".join(words[1:]), " ".join(words[:-1]), " ".join([*words, words[0]])]
    if not any(c.isdigit() for c in text):
        near += [text[:-1], text + text[:1], text[::-1], text.swapcase()]
    return [one for one in near if one != text]


def _stepped(digits: str, step: int) -> str:
    """Another number of as many digits: ``03`` becomes ``04``, ``2025`` becomes ``2026``."""
    changed = str(int(digits) + step).zfill(len(digits))
    return changed if len(changed) == len(digits) else digits


def _lists_near(value: Sequence[JsonValue], rng: random.Random) -> list[JsonValue]:
    if not value:
        return []
    shuffled = list(value)
    rng.shuffle(shuffled)
    near: list[JsonValue] = [list(value[1:]), [*value, value[0]], list(reversed(value)), shuffled]
    place = rng.randrange(len(value))
    near += [[*value[:place], o, *value[place + 1 :]] for o in varied(value[place], rng)[:3]]
    return [one for one in near if one != value]


def _of_types(signature: Signature, rng: random.Random) -> dict[str, JsonValue]:
    return {p.name: _of_type(p.json_schema, rng) for p in signature.parameters if p.required}


def _of_type(schema: Schema, rng: random.Random) -> JsonValue:
    if choices := alternatives(schema):
        return _of_type(choices[0], rng)
    if isinstance(enum := schema.get("enum"), list):
        return rng.choice(enum)
    match schema.get("type"):
        case "integer":
            return rng.choice((0, 1, 2, 3, 7, 12))
        case "number":
            return rng.choice((0.5, 1, 2.25, 10, -3))
        case "boolean":
            return rng.random() < 0.5
        case "array":
            inner = schema.get("items")
            one: Schema = inner if isinstance(inner, dict) else {"type": "string"}
            return [_of_type(one, rng) for _ in range(rng.choice((2, 3, 5)))]
        case "object":
            inner = schema.get("additionalProperties")
            one = inner if isinstance(inner, dict) else {"type": "string"}
            return {"a": _of_type(one, rng), "b": _of_type(one, rng)}
    return rng.choice(_TEXTS)


def _key(arguments: Arguments) -> str:
    return json.dumps(dict(arguments), sort_keys=True)

"""ToolAlpaca's two test sets: does the agent call the right API functions with the right values?

The data are those of https://arxiv.org/abs/2306.05301 (Apache-2.0). Its authors let GPT-4 judge whole
conversations with simulated APIs; here calls are compared with the golden ones exactly, as in `bfcl`, so
figures of the two do not compare. An empty text among the golden values means that the parameter may be
left out. An instruction is left out when a golden value is a placeholder for what an API would have
answered, or when a golden call is of a function, or has an argument, that the documentation lacks.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar, cast

from pydantic import JsonValue, TypeAdapter

from skillweave.evals.fetch import load_sources
from skillweave.evals.sources import hashed, need
from skillweave.evals.suite import Loaded, Sample, Suite
from skillweave.evals.suites.bfcl import ARMS, Expected, score
from skillweave.evals.suites.bfcl_skills import Described, Parameters, Property, distinct, skill_of
from skillweave.skills.errors import UserError

ORIGIN = "tangqiaoyu/ToolAlpaca as toolalpaca"
SETS = {"real": "data/eval_real.json", "simulated": "data/eval_simulated.json"}
_KINDS = {"number": "float", "object": "dict"}
"""Types of OpenAPI that BFCL calls otherwise."""
Api = Mapping[str, JsonValue]
Schema = Mapping[str, JsonValue]
Golden = list[dict[str, str]]
T = TypeVar("T")
_PLACES = TypeAdapter(dict[str, tuple[str, str]])
_TEXTS = TypeAdapter(list[str])
_GOLDEN = TypeAdapter(list[Golden])


def load(data: Path | None, hashes: Mapping[str, str] | None = None) -> Loaded:
    """Read both sets.

    Args:
        hashes: what the files must be; those of the commit when None.
    """
    folder = need(data, "toolalpaca", ORIGIN)
    known = load_sources()["toolalpaca"].files if hashes is None else hashes
    files = hashed({name: folder / name for name in SETS.values()}, known)
    samples: list[Sample] = []
    functions: list[Described] = []
    for part, name in SETS.items():
        for api in _apis(folder / name):
            own = functions_of(api)
            functions += own.values()
            samples += samples_of(part, api, own)
    return Loaded(
        samples=tuple(samples), files=files, skills=[skill_of(f) for f in distinct(functions)]
    )


def functions_of(api: Api) -> dict[str, Described]:
    """The functions of an API, as its OpenAPI document has them, by the names that calls use."""
    document = json.loads(str(api["Documentation"]))
    found = {}
    for name, (path, method) in _read(api["Function_Projection"], _PLACES).items():
        operation = document["paths"].get(path, {}).get(method)
        if operation is not None:
            about = operation.get("summary") or operation.get("description") or name
            found[name] = Described(
                name=name,
                description=f"{api['Name']}: {about}",
                parameters=_parameters(operation, document),
            )
    return found


def samples_of(part: str, api: Api, functions: Mapping[str, Described]) -> Iterator[Sample]:
    """The instructions that can be compared exactly."""
    instructions = _read(api["Instructions"], _TEXTS)
    answers = _read(api["Golden_Answers"], _GOLDEN)
    for number, (request, golden) in enumerate(zip(instructions, answers, strict=True), 1):
        possible = possible_of(golden, functions)
        if possible is None:
            continue
        wanted = {name for call in possible for name in call}
        checked = {name: one.checked for name, one in functions.items()}
        expected = Expected(possible=possible, functions=checked)
        yield Sample(
            id=f"{part}-{api['Name']}-{number:02}".replace(" ", "-"),
            request=request,
            family=f"{part}, {'one call' if len(possible) == 1 else 'several calls'}",
            level=len(possible),
            expected=expected.model_dump(mode="json"),
            given=tuple(one.skill for one in functions.values()),
            right=tuple(functions[name].skill for name in functions if name in wanted),
        )


def possible_of(
    golden: Golden, functions: Mapping[str, Described]
) -> list[dict[str, dict[str, list[JsonValue]]]] | None:
    """Golden calls in the form of the checker; None when they cannot be compared."""
    found = []
    for call in golden:
        name, text = call["Action"], call["Action_Input"]
        try:
            arguments = json.loads(text)
        except json.JSONDecodeError:  # a placeholder for what an API would have answered
            return None
        function = functions.get(name)
        if function is None or not isinstance(arguments, dict) or "${" in text:
            return None
        if not arguments.keys() <= function.parameters.properties.keys():
            return None
        found.append({name: {n: [v, ""] if v == "" else [v] for n, v in arguments.items()}})
    return found or None


def _apis(path: Path) -> list[Api]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        return [one for one in read if one["Documentation"] and one["Instructions"]]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not what ToolAlpaca's sets look like: {error}") from None


def _read(value: JsonValue, kind: TypeAdapter[T]) -> T:
    """One of the sets holds lists and objects as the text of Python literals."""
    return kind.validate_python(ast.literal_eval(value) if isinstance(value, str) else value)


def _parameters(operation: Schema, document: Schema) -> Parameters:
    properties: dict[str, Property] = {}
    required: list[str] = []
    for one in cast("list[Schema]", operation.get("parameters") or []):
        given = _resolved(one, document)
        name = str(given["name"])
        properties[name] = _property(
            {
                "description": given.get("description") or "",
                **_schema(given.get("schema"), document),
            },
            document,
        )
        required += [name] if given.get("required") else []
    body = _body(operation, document)
    members = body.get("properties")
    for name, member in members.items() if isinstance(members, dict) else ():
        properties[name] = _property(_schema(member, document), document)
    needed = body.get("required")
    required += [str(name) for name in needed] if isinstance(needed, list) else []
    return Parameters(
        properties=properties, required=tuple(n for n in dict.fromkeys(required) if n in properties)
    )


def _body(operation: Schema, document: Schema) -> Schema:
    """The schema of what is sent, of the first form that it may have."""
    request = operation.get("requestBody")
    content = _resolved(request, document).get("content") if isinstance(request, dict) else None
    for form in content.values() if isinstance(content, dict) else ():
        if isinstance(form, dict):
            return _schema(form.get("schema"), document)
    return {}


def _property(schema: Schema, document: Schema) -> Property:
    kind, options, items = schema.get("type"), schema.get("enum"), schema.get("items")
    return Property(
        type=_KINDS.get(str(kind), str(kind or "any")),
        description=str(schema.get("description") or ""),
        enum=tuple(options) if isinstance(options, list) else (),
        items=_property(_schema(items, document), document) if isinstance(items, dict) else None,
    )


def _schema(value: JsonValue, document: Schema) -> Schema:
    return _resolved(value, document) if isinstance(value, dict) else {}


def _resolved(value: Schema, document: Schema) -> Schema:
    """What a ``$ref`` stands for."""
    reference = value.get("$ref")
    if not isinstance(reference, str):
        return value
    found: JsonValue = dict(document)
    for step in reference.removeprefix("#/").split("/"):
        found = found.get(step, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) and "$ref" not in found else {}


TOOLS = Suite(
    name="tools",
    about="function calling: the real and the simulated APIs of ToolAlpaca's test sets",
    arms=ARMS,
    load=load,
    score=score,
    reference="given",
)

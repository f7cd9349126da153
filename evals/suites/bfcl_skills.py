"""The functions of BFCL as tools that do nothing but tell how they were called."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from keyword import iskeyword
from pathlib import Path

from pydantic import Field, JsonValue

from skillweave.agent.result import Result
from skillweave.evals.suites.bfcl_check import Call, Function
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.frontmatter import MAX_DESCRIPTION
from skillweave.skills.model import Frozen, Skill
from skillweave.skills.names import MAX_NAME, slug
from skillweave.skills.signature import signature_of

_TYPES: Mapping[str, str] = {
    "string": "str",
    "integer": "int",
    "float": "float",
    "boolean": "bool",
    "dict": "dict[str, object]",
}


class Property(Frozen, extra="ignore"):
    """A parameter, or what its items are."""

    type: str = "any"
    description: str = ""
    enum: tuple[JsonValue, ...] = ()
    items: Property | None = None


class Parameters(Frozen, extra="ignore"):
    """The parameters of a function."""

    properties: dict[str, Property] = Field(default_factory=dict)
    required: tuple[str, ...] = ()


class Described(Frozen, extra="ignore"):
    """A function as a sample describes it."""

    name: str
    description: str = ""
    parameters: Parameters = Parameters()

    @property
    def skill(self) -> str:
        """The name of its skill; functions of one name and different content have different ones."""
        digest = hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:8]
        return f"{slug(self.name)[: MAX_NAME - 9].strip('-')}-{digest}"

    @property
    def checked(self) -> Function:
        """What the checker needs."""
        types = {name: one.type for name, one in self.parameters.properties.items()}
        return Function(types=types, required=self.parameters.required)


def skill_of(function: Described) -> WrappedSkill:
    """A tool of the function's signature, whose value is the call."""
    source, name = source_of(function), _identifier(function.name)
    skill = Skill(
        name=function.skill,
        description=_line(function.description)[:MAX_DESCRIPTION] or function.name,
        kind="tool",
        metadata={"skillweave-function": name},
        signature=signature_of(source, name),
    )
    return WrappedSkill(
        skill=skill, files={TOOL_FILE: source.encode()}, source=Path(function.skill)
    )


def source_of(function: Described) -> str:
    """Its Python source; parameters that may be left out are None."""
    required, properties = function.parameters.required, function.parameters.properties
    ordered = sorted(properties.items(), key=lambda item: item[0] not in required)
    heads, told, given = [], [], []
    for name, one in ordered:
        plain = _identifier(name)
        kind = _annotation(one)
        heads.append(f"{plain}: {kind}" if name in required else f"{plain}: {kind} | None = None")
        told.append(f"        {plain}: {_line(one.description)}")
        given.append(f"        {name!r}: {plain},")
    arguments = ["", "    Args:", *told] if told else []
    return "\n".join(
        [
            "from typing import Literal",
            "",
            "",
            f"def {_identifier(function.name)}({', '.join(heads)}) -> dict[str, object]:",
            f'    """{_line(function.description)}',
            *arguments,
            '    """',
            "    given = {",
            *given,
            "    }",
            "    arguments = {name: value for name, value in given.items() if value is not None}",
            f'    return {{"function": {function.name!r}, "arguments": arguments}}',
            "",
        ]
    )


def calls_of(result: Result) -> list[Call]:
    """The calls of a run, in the order of its steps."""
    values = [step.value for step in result.steps if step.ok]
    return [
        Call.model_validate(value)
        for value in values
        if isinstance(value, dict) and value.keys() == {"function", "arguments"}
    ]


def _annotation(one: Property) -> str:
    if one.enum and all(isinstance(value, str) for value in one.enum):
        return f"Literal[{', '.join(json.dumps(value) for value in one.enum)}]"
    if one.type in ("array", "tuple"):
        return f"list[{_annotation(one.items)}]" if one.items else "list[object]"
    return _TYPES.get(one.type, "object")


def _identifier(name: str) -> str:
    plain = re.sub(r"\W", "_", name)
    return f"{plain}_" if iskeyword(plain) or plain == "given" else plain


def _line(text: str) -> str:
    """One line that can stand in a docstring."""
    return " ".join(text.split()).replace("\\", "/").replace('"', "'")


def distinct(functions: Sequence[Described]) -> list[Described]:
    """Each function once."""
    return list({function.skill: function for function in functions}.values())

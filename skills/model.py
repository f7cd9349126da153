"""What a skill is: frozen values, without I/O."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

SkillKind = Literal["tool", "adapter", "experience", "guide"]
SkillState = Literal["candidate", "probation", "active", "stale", "archived"]
JsonType = Literal["string", "integer", "number", "boolean", "array", "object", "null", "any"]

KINDS: tuple[SkillKind, ...] = ("tool", "adapter", "experience", "guide")


class Frozen(BaseModel):
    """An immutable value; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Parameter(Frozen):
    """One parameter of a tool's function."""

    name: str
    type: JsonType
    json_schema: Mapping[str, JsonValue] = Field(default_factory=dict)
    """The JSON Schema of the value (``{"type": "array", "items": {"type": "number"}}``)."""
    description: str = ""
    required: bool = True
    default: JsonValue = None


class Signature(Frozen):
    """A typed function, as read from its source without running it."""

    function: str
    parameters: tuple[Parameter, ...] = ()
    returns: Mapping[str, JsonValue] = Field(default_factory=dict)
    """JSON Schema of the returned value; empty when the annotation says nothing."""
    summary: str = ""

    def json_schema(self) -> dict[str, JsonValue]:
        """The JSON Schema of the argument object, as function-calling models expect it."""
        properties: dict[str, JsonValue] = {}
        for parameter in self.parameters:
            schema: dict[str, JsonValue] = dict(parameter.json_schema)
            if parameter.description:
                schema["description"] = parameter.description
            properties[parameter.name] = schema
        required: list[JsonValue] = [p.name for p in self.parameters if p.required]
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    def text(self) -> str:
        """One line for a person or a prompt: ``name(a: integer, b: string = "x")``."""
        parts = [
            f"{p.name}: {p.type}" + ("" if p.required else f" = {p.default!r}")
            for p in self.parameters
        ]
        return f"{self.function}({', '.join(parts)})"


class Case(Frozen):
    """One input/output pair of a tool (``arguments``) or of an adapter (``input``)."""

    arguments: Mapping[str, JsonValue] = Field(default_factory=dict)
    input: str | None = None
    expected: JsonValue = None
    raises: str | None = None
    """Name of the exception type the tool must raise instead of returning a value."""


class AdapterInfo(Frozen):
    """What a PEFT LoRA adapter says of itself."""

    base: str
    """sha256 of the base model's weights the adapter was trained on; empty when unknown."""
    rank: int
    alpha: float
    targets: tuple[str, ...]
    parameters: int


class Skill(Frozen):
    """A skill as it stands in its folder. ``digest`` identifies the content, ``name`` the lineage."""

    name: str
    description: str
    kind: SkillKind
    body: str = ""
    license: str | None = None
    compatibility: str | None = None
    metadata: Mapping[str, str] = Field(default_factory=dict)
    allowed_tools: str | None = None
    use_when: str = ""
    avoid_when: str = ""
    requires: tuple[str, ...] = ()
    toolkit: str | None = None
    requests: tuple[str, ...] = ()
    """Example requests in everyday English; each is a view of the skill in the index."""
    signature: Signature | None = None
    adapter: AdapterInfo | None = None
    cases: tuple[Case, ...] = ()
    digest: str = ""
    path: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def versioned_name(self) -> str:
        """``name@digest``, shortened: the name under which a server knows exactly this content."""
        return f"{self.name}@{self.digest[:12]}"

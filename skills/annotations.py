"""Python annotations as JSON Schema, from the syntax tree alone."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from skillweave.skills.model import JsonType

_TYPES: Final[tuple[JsonType, ...]] = (
    "string",
    "integer",
    "number",
    "boolean",
    "array",
    "object",
    "null",
)
Schema = dict[str, JsonValue]

_SCALARS: Final[Mapping[str, str]] = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "None": "null",
    "NoneType": "null",
}
_ARRAYS: Final = frozenset({"list", "List", "Sequence", "Iterable", "Collection"})
_OBJECTS: Final = frozenset({"dict", "Dict", "Mapping", "MutableMapping"})
_TUPLES: Final = frozenset({"tuple", "Tuple"})
_ANYTHING: Final = frozenset({"Any", "object", "JsonValue"})
_MAX_ALIASES: Final = 16


class UnsupportedTypeError(Exception):
    """An annotation that no JSON value can stand for."""


class SchemaReader:
    """Turns annotations into schemas; ``aliases`` are the module's own ``Name = annotation``."""

    def __init__(self, aliases: Mapping[str, ast.expr]):
        self._aliases = aliases
        self._depth = 0

    def schema(self, node: ast.expr) -> Schema:
        """The JSON Schema of an annotation; empty when any value will do."""
        self._depth += 1
        try:
            if self._depth > _MAX_ALIASES:
                raise UnsupportedTypeError(f"{_source(node)} (nested too deeply)")
            return self._schema(node)
        finally:
            self._depth -= 1

    def _schema(self, node: ast.expr) -> Schema:
        match node:
            case ast.Constant(value=None):
                return {"type": "null"}
            case ast.Constant(value=str(text)):
                return self._quoted(text)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return union([self.schema(left), self.schema(right)])
            case ast.Subscript(value=outer, slice=inner):
                return self._generic(_last_name(outer), inner, node)
            case ast.Name() | ast.Attribute():
                return self._bare(_last_name(node), node)
        raise UnsupportedTypeError(_source(node))

    def _quoted(self, text: str) -> Schema:
        try:
            return self.schema(ast.parse(text.strip(), mode="eval").body)
        except (SyntaxError, ValueError) as error:
            raise UnsupportedTypeError(repr(text)) from error

    def _bare(self, name: str, node: ast.expr) -> Schema:
        if isinstance(node, ast.Name) and name in self._aliases:
            return self.schema(self._aliases[name])
        if name in _SCALARS:
            return {"type": _SCALARS[name]}
        if name in _ARRAYS or name in _TUPLES:
            return {"type": "array"}
        if name in _OBJECTS:
            return {"type": "object"}
        if name in _ANYTHING:
            return {}
        raise UnsupportedTypeError(_source(node))

    def _generic(self, name: str, inner: ast.expr, node: ast.expr) -> Schema:
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if name == "Literal":
            return _enum(parts)
        if name == "Optional":
            return union([self.schema(inner), {"type": "null"}])
        if name == "Union":
            return union([self.schema(part) for part in parts])
        if name in ("Annotated", "Final"):
            return self.schema(parts[0])
        if name in _ARRAYS and len(parts) == 1:
            return {"type": "array", "items": self.schema(parts[0])}
        if name in _TUPLES:
            return self._tuple(parts)
        if name in _OBJECTS and len(parts) == 2:
            if self.schema(parts[0]).get("type") != "string":
                raise UnsupportedTypeError(f"{_source(node)}, whose keys are not str,")
            return {"type": "object", "additionalProperties": self.schema(parts[1])}
        raise UnsupportedTypeError(_source(node))

    def _tuple(self, parts: Sequence[ast.expr]) -> Schema:
        if len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is ...:
            return {"type": "array", "items": self.schema(parts[0])}
        items: list[JsonValue] = [self.schema(part) for part in parts]
        return {
            "type": "array",
            "prefixItems": items,
            "minItems": len(items),
            "maxItems": len(items),
        }


def union(schemas: Sequence[Schema]) -> Schema:
    """One schema for any of several: ``int | float`` is a number, ``{}`` swallows the rest."""
    flat: list[Schema] = []
    for schema in schemas:
        inner = schema.get("anyOf")
        members = inner if isinstance(inner, list) else [schema]
        flat.extend(m for m in members if isinstance(m, dict) and m not in flat)
    if {} in flat:
        return {}
    if {"type": "number"} in flat:
        flat = [schema for schema in flat if schema != {"type": "integer"}]
    return flat[0] if len(flat) == 1 else {"anyOf": list(flat)}


def json_type(schema: Mapping[str, JsonValue]) -> JsonType:
    """The one type a schema allows besides null, or ``any``."""
    inner = schema.get("anyOf")
    if isinstance(inner, list):
        names = {json_type(s) for s in inner if isinstance(s, dict)} - {"null"}
        return names.pop() if len(names) == 1 else "any"
    for name in _TYPES:
        if schema.get("type") == name:
            return name
    return "any"


def _enum(parts: Sequence[ast.expr]) -> Schema:
    values: list[JsonValue] = []
    for part in parts:
        try:
            value = ast.literal_eval(part)
        except ValueError as error:
            raise UnsupportedTypeError(f"Literal[{_source(part)}]") from error
        if not (value is None or isinstance(value, str | int)):
            raise UnsupportedTypeError(f"Literal[{_source(part)}]")
        values.append(value)
    kinds = {type(value) for value in values}
    if len(kinds) == 1:
        name = _SCALARS[kinds.pop().__name__]
        return {"type": name, "enum": values}
    return {"enum": values}


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    return ""


def _source(node: ast.expr) -> str:
    try:
        text = " ".join(ast.unparse(node).split())
    except RecursionError:
        return "..."
    return text if len(text) <= 60 else f"{text[:60]}..."

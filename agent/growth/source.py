"""The source of a composite tool: one file in which every component has a namespace of its own."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from skillweave.agent.growth.wiring import NotCompiledError
from skillweave.agent.schema import Schema, alternatives
from skillweave.skills.model import Frozen


class Argument(Frozen):
    """An argument of a call: a name (parameter or earlier result), a constant, or a list of both."""

    name: str | None = None
    value: JsonValue = None
    items: tuple[Argument, ...] | None = None

    def text(self) -> str:
        if self.items is not None:
            return f"[{', '.join(item.text() for item in self.items)}]"
        return self.name if self.name is not None else repr(self.value)


class Call(Frozen):
    """``result = component(argument, ...)``."""

    result: str
    component: str
    """The name of the namespace; its function is what it returns."""
    arguments: Mapping[str, Argument]


class Component(Frozen):
    """A tool that is used, under the name of its namespace."""

    namespace: str
    function: str
    source: str


class Function(Frozen):
    """The composite's own function."""

    name: str
    summary: str
    parameters: Mapping[str, Mapping[str, JsonValue]]
    returns: Mapping[str, JsonValue]
    calls: tuple[Call, ...]


def write_source(function: Function, components: Sequence[Component]) -> str:
    """The module's source. Raises `NotCompiledError` where a component cannot be nested."""
    main = ast.parse(_main(function)).body
    body: list[ast.stmt] = [
        ast.Expr(ast.Constant(f"{function.summary} Compiled from a verified run.")),
        *ast.parse("from __future__ import annotations\nfrom typing import Literal").body,
        *(_namespace(component) for component in components),
        *main,
    ]
    source = ast.unparse(ast.fix_missing_locations(ast.Module(body=body, type_ignores=[])))
    compile(source, f"<{function.name}>", "exec", dont_inherit=True)
    return source + "\n"


def annotation(schema: Schema) -> str:
    """The Python annotation of a JSON Schema that came from one."""
    allowed = schema.get("enum")
    if isinstance(allowed, list):
        return f"Literal[{', '.join(map(repr, allowed))}]"
    choices = alternatives(schema)
    if choices:
        return " | ".join(annotation(one) for one in choices)
    match schema.get("type"):
        case "string":
            return "str"
        case "integer":
            return "int"
        case "number":
            return "float"
        case "boolean":
            return "bool"
        case "null":
            return "None"
        case "array":
            return _array(schema)
        case "object":
            values = schema.get("additionalProperties")
            return f"dict[str, {annotation(values)}]" if isinstance(values, dict) else "dict"
        case _:
            return "object"


def _array(schema: Schema) -> str:
    fixed, items = schema.get("prefixItems"), schema.get("items")
    if isinstance(fixed, list) and fixed:
        return f"tuple[{', '.join(annotation(one) for one in fixed if isinstance(one, dict))}]"
    return f"list[{annotation(items)}]" if isinstance(items, dict) else "list"


def _main(function: Function) -> str:
    parameters = ", ".join(f"{n}: {annotation(s)}" for n, s in function.parameters.items())
    returns = f" -> {annotation(function.returns)}" if function.returns else " -> object"
    lines = [f"def {function.name}({parameters}){returns}:", f"    {json.dumps(function.summary)}"]
    for call in function.calls:
        arguments = ", ".join(f"{name}={one.text()}" for name, one in call.arguments.items())
        lines.append(f"    {call.result} = {call.component}()({arguments})")
    lines.append(f"    return {function.calls[-1].result}")
    return "\n".join(lines)


def _namespace(component: Component) -> ast.FunctionDef:
    """``def _name(): <the component's module>; return function``: its names meet no others."""
    body = [
        node
        for node in ast.parse(component.source).body
        if not (isinstance(node, ast.ImportFrom) and node.module == "__future__")
    ]
    for node in ast.walk(ast.Module(body=body, type_ignores=[])):
        if isinstance(node, ast.Global):
            raise NotCompiledError(f"{component.function} changes module variables")
        if isinstance(node, ast.Name) and node.id in ("globals", "locals", "vars"):
            raise NotCompiledError(f"{component.function} looks into {node.id}()")
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            raise NotCompiledError(f"{component.function} imports *")
    namespace = ast.parse(f"def {component.namespace}(): return {component.function}").body[0]
    if not isinstance(namespace, ast.FunctionDef):
        raise NotCompiledError(f"{component.namespace!r} is no name for a function")
    namespace.body = [*body, *namespace.body]
    return namespace

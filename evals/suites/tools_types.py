"""Types for a function that has none, from the values of its example calls; the source is not run."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from skillweave.agent.growth.source import annotation
from skillweave.agent.schema import type_of
from skillweave.skills.model import Case

Schema = Mapping[str, JsonValue]


def typed(source: str, function: str, cases: Sequence[Case], about: str) -> str:
    """The source, in which parameters and result of a function have types and it has a docstring.

    Types that stand there are left alone. An untyped function is thereby narrowed to what its examples
    show, which its author may not have meant.
    """
    module = ast.parse(source)
    node = next(
        (n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == function), None
    )
    if node is None:
        raise ValueError(f"its code has no function {function}")
    for argument in (*node.args.args, *node.args.kwonlyargs):
        told = [case.arguments[argument.arg] for case in cases if argument.arg in case.arguments]
        if argument.annotation is None and told:
            argument.annotation = _expression(told)
    told = [case.expected for case in cases if case.raises is None]
    if node.returns is None and told:
        node.returns = _expression(told)
    if ast.get_docstring(node) is None:
        words = (about or function.replace("_", " ")).replace("\\", "/")
        node.body.insert(0, ast.Expr(ast.Constant(words)))
    return ast.unparse(ast.fix_missing_locations(module)) + "\n"


def schema_of(values: Sequence[JsonValue]) -> Schema:
    """The narrowest schema that all values have, or none.

    >>> schema_of([1, 2.5]), schema_of([["a"], []]), schema_of([1, "a"])
    ({'type': 'number'}, {'type': 'array', 'items': {'type': 'string'}}, {})
    """
    kinds = {type_of(value) for value in values}
    if kinds == {"integer", "number"}:
        kinds = {"number"}
    if len(kinds) != 1:
        return {}
    kind = kinds.pop()
    if kind == "array":
        items = [item for value in values if isinstance(value, list) for item in value]
        return {"type": kind, "items": dict(schema_of(items))} if items else {"type": kind}
    if kind == "object":
        members = [m for value in values if isinstance(value, dict) for m in value.values()]
        inner = schema_of(members) if members else {}
        return {"type": kind, "additionalProperties": dict(inner)} if inner else {"type": kind}
    return {"type": kind}


def _expression(values: Sequence[JsonValue]) -> ast.expr:
    schema = schema_of(values)
    return ast.parse(annotation(schema) if schema else "object", mode="eval").body

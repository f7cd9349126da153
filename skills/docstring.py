"""What a docstring says of a function: summary, parameters, examples. Nothing is executed."""

from __future__ import annotations

import ast
import doctest
import math
import re
from collections.abc import Sequence

from pydantic import JsonValue

from skillweave.skills.model import Case

_SPHINX = re.compile(r"^\s*:param\s+(?:[^:]*\s)?(\w+)\s*:\s*(.*)$")
_SECTION = re.compile(r"^(args|arguments|parameters|params)\s*:?\s*$", re.IGNORECASE)
_ENTRY = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")


def summary_of(docstring: str) -> str:
    """The first line that is not blank."""
    return next((line.strip() for line in docstring.split("\n") if line.strip()), "")


def parameter_notes(docstring: str) -> dict[str, str]:
    """What is said of each parameter, in Google (``Args:``) or Sphinx (``:param x:``) style."""
    notes: dict[str, str] = {}
    current, indent, entry_depth, inside = "", 0, 0, False
    for line in docstring.split("\n"):
        text = line.strip()
        depth = len(line) - len(line.lstrip())
        if sphinx := _SPHINX.match(line):
            notes[sphinx[1]] = sphinx[2].strip()
        elif _SECTION.match(text):
            inside, current, indent = True, "", depth
        elif inside and text:
            entry = _ENTRY.match(text)
            if depth <= indent:
                inside = False
            elif entry and (not current or depth <= entry_depth):
                current, entry_depth = entry[1], depth
                notes[current] = entry[2].strip()
            elif current:
                notes[current] = f"{notes[current]} {text}".strip()
    return notes


def example_cases(docstring: str, function: str, parameters: Sequence[str]) -> tuple[Case, ...]:
    """The doctest examples that are a plain call of the function with literal arguments."""
    try:
        examples = doctest.DocTestParser().get_examples(docstring)
    except ValueError:
        return ()
    cases = [_case(example, function, parameters) for example in examples]
    return tuple(case for case in cases if case is not None)


def _case(example: doctest.Example, function: str, parameters: Sequence[str]) -> Case | None:
    if example.options:
        return None
    try:
        call = ast.parse(example.source.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            return None
        if call.func.id != function or len(call.args) > len(parameters):
            return None
        arguments = {
            name: json_of(ast.literal_eval(node))
            for name, node in zip(parameters, call.args, strict=False)
        }
        for keyword in call.keywords:
            if keyword.arg is None:
                return None
            arguments[keyword.arg] = json_of(ast.literal_eval(keyword.value))
        if example.exc_msg is not None:
            raised = example.exc_msg.split(":", 1)[0].strip().rsplit(".", 1)[-1]
            return Case(arguments=arguments, raises=raised)
        want = example.want.strip()
        expected = json_of(ast.literal_eval(want)) if want else None
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None
    return Case(arguments=arguments, expected=expected)


def json_of(value: object) -> JsonValue:
    """A Python literal as a JSON value (tuples become lists); ValueError when it has none."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("not a finite number")
        return value
    if isinstance(value, list | tuple):
        return [json_of(item) for item in value]
    if isinstance(value, dict):
        result: dict[str, JsonValue] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError("a key is not a string")
            result[key] = json_of(item)
        return result
    raise ValueError(f"{type(value).__name__} is not a JSON value")

"""Reading what a model wrote: the module in an answer, what is wrong with it, the cases in another."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from skillweave.agent.growth.inputs import fits
from skillweave.agent.growth.scan import scan
from skillweave.skills.cases import Runner, same_value
from skillweave.skills.errors import SkillFormatError
from skillweave.skills.model import Case, Frozen, Signature, Skill
from skillweave.skills.signature import (
    check_fully_typed,
    docstring_of,
    public_functions,
    signature_of,
)

_BLOCK = re.compile(r"```(?:python|py|json)?[ \t]*\n(.*?)```", re.DOTALL)
_FILE = Path("tool.py")


class FaultError(Exception):
    """What is wrong with a draft, in words for the model that wrote it."""


class Draft(Frozen):
    """A module with one tool, read and found free of what may not be in one."""

    source: str
    signature: Signature
    description: str


def code_in(text: str) -> str:
    """The module in an answer: the longest block, or all of it where there is none."""
    blocks = _BLOCK.findall(text)
    return (max(blocks, key=len) if blocks else text).strip() + "\n"


def draft_of(source: str, parameters: Sequence[str] = ()) -> Draft:
    """The draft of a module; ``parameters`` are the names it must have, where they are given.

    Raises:
        FaultError: it is no tool, has other parameters, or reaches for what a tool may not have.
    """
    try:
        functions = public_functions(source, file=_FILE)
        if len(functions) != 1:
            raise FaultError(f"it has {len(functions)} public functions, and should have one")
        check_fully_typed(source, functions[0], file=_FILE)
        signature = signature_of(source, functions[0], file=_FILE)
        told = docstring_of(source, functions[0], file=_FILE)
    except SkillFormatError as error:
        raise FaultError(f"line {error.line}: {error.reason}") from None
    if parameters and {p.name for p in signature.parameters} != set(parameters):
        raise FaultError(f"its parameters must be exactly {', '.join(parameters)}")
    if not signature.parameters:
        raise FaultError("it takes no arguments, so it can answer one request only")
    if not told.strip():
        raise FaultError("it has no docstring")
    skill = Skill(name="draft", description=told[:200], kind="tool", signature=signature)
    faults = scan(skill, source).faults
    if faults:
        raise FaultError("; ".join(faults))
    return Draft(source=source, signature=signature, description=signature.summary or told)


def arguments_in(text: str, signature: Signature) -> dict[str, JsonValue]:
    """The arguments in an answer.

    Raises:
        FaultError: they do not fit the function.
    """
    value = _json_in(text)
    if not isinstance(value, dict) or not fits(value, signature):
        raise FaultError(f"{text.strip()[:200]!r} are no arguments for {signature.text()}")
    return value


def cases_in(text: str, signature: Signature) -> tuple[Case, ...]:
    """The cases in an answer that fit the function; none where there are none to be read."""
    value = _json_in(text)
    rows = value.get("cases") if isinstance(value, dict) else value
    found = []
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("arguments"), dict) and "expected" in row:
            given = row["arguments"]
            if isinstance(given, dict) and fits(given, signature):
                found.append(Case(arguments=given, expected=row["expected"]))
    return tuple(found)


def wrong_case(draft: Draft, cases: Sequence[Case], runner: Runner) -> str:
    """The first case that the draft does not give, in words; empty when it gives all."""
    for case in cases:
        given = dict(case.arguments)
        outcome = runner.run(draft.source, draft.signature.function, given)
        if not outcome.ok or not same_value(case.expected, outcome.value):
            got = repr(outcome.value) if outcome.ok else str(outcome.error)
            return f"{given} gives {got[:300]}, not {case.expected!r}"
    return ""


def normal_form(source: str) -> str:
    """Equal for modules that differ in names of the function, docstrings, comments and layout only."""
    module = ast.parse(source)
    public = next((n.name for n in module.body if isinstance(n, ast.FunctionDef)
                   and not n.name.startswith("_")), "")  # fmt: skip
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.Module | ast.ClassDef):
            body = node.body
            if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
                node.body = body[1:]
    return ast.dump(module).replace(f"'{public}'", "'tool'")


def _json_in(text: str) -> JsonValue | Mapping[str, JsonValue]:
    for piece in (*_BLOCK.findall(text), text, text[text.find("{") : text.rfind("}") + 1]):
        try:
            value: JsonValue = json.loads(piece)
        except ValueError:
            continue
        return value
    return None

"""Functions that are described by examples only, and how they are read.

The file says of each how its outputs came about (an expression over built-in tools), which the search
never sees; a test computes them again.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from skillweave.agent.growth.compile import Tool
from skillweave.agent.growth.search_program import Program
from skillweave.agent.growth.source import Argument, Call
from skillweave.skills.builtin import builtin_root
from skillweave.skills.folder import TOOL_FILE, read_skill
from skillweave.skills.model import Case, Frozen

FUNCTIONS = Path(__file__).parent / "data" / "search.jsonl"

Part = Literal["practice", "test"]


class Described(Frozen):
    """One function."""

    name: str
    part: Part
    request: str = ""
    """Words of the user, in which constants may stand; empty for most."""
    expression: str = ""
    """How the outputs were made; empty where no program of tools makes them."""
    examples: tuple[Case, ...]
    """What the search is given: it fits two thirds, and the others are kept back."""
    checks: tuple[Case, ...]
    """What the search never sees."""

    @property
    def sort(self) -> str:
        """``2 calls``, or ``unsolvable``."""
        calls = self.expression.count("(")
        return f"{calls} call{'s' * (calls > 1)}" if calls else "unsolvable"


def load_functions(file: Path = FUNCTIONS) -> tuple[Described, ...]:
    """All functions, in the order of the file."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple(Described.model_validate_json(line) for line in lines if line.strip())


def builtin_tools() -> dict[str, Tool]:
    """The tools that come with skillweave, by ``name@digest``."""
    found: dict[str, Tool] = {}
    for folder in sorted(builtin_root().iterdir()):
        if (folder / TOOL_FILE).is_file():
            skill = read_skill(folder)
            source = (folder / TOOL_FILE).read_text(encoding="utf-8")
            found[skill.versioned_name] = Tool(skill=skill, source=source)
    return found


def program_of(expression: str, parameters: tuple[str, ...], tools: Mapping[str, Tool]) -> Program:
    """Read ``count_vowels(text=longest_word(text=text))``."""
    by_function = {tool.signature.function: name for name, tool in tools.items()}
    calls: list[Call] = []

    def argument(node: ast.expr) -> Argument:
        if isinstance(node, ast.Name):
            return Argument(name=node.id)
        if isinstance(node, ast.Call):
            return Argument(name=call(node))
        value: JsonValue = ast.literal_eval(node)
        return Argument(value=value)

    def call(node: ast.Call) -> str:
        given = {key.arg or "": argument(key.value) for key in node.keywords}
        result = f"result_{len(calls) + 1}"
        component = by_function[ast.unparse(node.func)]
        calls.append(Call(result=result, component=component, arguments=given))
        return result

    for node in _outermost(expression):
        call(node)
    return Program(parameters=parameters, calls=tuple(calls))


def _outermost(expression: str) -> Iterator[ast.Call]:
    node = ast.parse(expression, mode="eval").body
    if isinstance(node, ast.Call):
        yield node

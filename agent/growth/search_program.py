"""A program over the tools of the library, and the composite tool it is compiled to.

The common form of what search finds and what mining cuts out of runs: calls whose arguments are
parameters, earlier results or constants.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import JsonValue, model_validator

from skillweave.agent.growth.compile import Compiled, Tool
from skillweave.agent.growth.reuse import CHAIN
from skillweave.agent.growth.source import Argument, Call, Component, Function, write_source
from skillweave.agent.growth.wiring import NotCompiledError
from skillweave.agent.schema import Schema
from skillweave.skills.model import Case, Frozen, Skill
from skillweave.skills.signature import signature_of


class Program(Frozen):
    """Calls in order; `Call.component` is the ``name@digest`` of a tool."""

    parameters: tuple[str, ...]
    calls: tuple[Call, ...]

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        known = set(self.parameters)
        for call in self.calls:
            unknown = sorted(names_in(call) - known)
            if unknown:
                raise ValueError(f"{call.result} takes {unknown[0]}, which is not before it")
            known.add(call.result)
        return self

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools it calls, in order, each once."""
        return tuple(dict.fromkeys(call.component for call in self.calls))

    def text(self) -> str:
        """One line for a person: ``count-vowels(text=reverse-text(text=text))``."""
        told: dict[str, str] = {}

        def write(argument: Argument) -> str:
            if argument.items is not None:
                return f"[{', '.join(write(item) for item in argument.items)}]"
            return told.get(argument.name or "", argument.text())

        for call in self.calls:
            given = ", ".join(f"{name}={write(one)}" for name, one in call.arguments.items())
            told[call.result] = f"{call.component.partition('@')[0]}({given})"
        return told[self.calls[-1].result]


def names_in(call: Call) -> set[str]:
    """The parameters and results that a call takes."""
    leaves = [leaf for argument in call.arguments.values() for leaf in leaves_of(argument)]
    return {leaf.name for leaf in leaves if leaf.name is not None}


def leaves_of(argument: Argument) -> tuple[Argument, ...]:
    """An argument, or the items it is put together from."""
    return argument.items if argument.items is not None else (argument,)


def compile_program(
    program: Program,
    tools: Mapping[str, Tool],
    *,
    name: str,
    author: str,
    summary: str = "",
    requests: Sequence[str] = (),
    cases: Sequence[Case] = (),
) -> Compiled:
    """Make one tool of a program; it is not run here, and not admitted.

    Raises `NotCompiledError` where a component cannot be nested.
    """
    used = {one: tools[one] for one in program.tools}
    components = _components(used)
    summary = summary or _summary(program)
    function = Function(
        name=re.sub(r"^(\d)", r"do_\1", name.replace("-", "_")),
        summary=summary,
        parameters={p: _schema_of(p, program, tools) for p in program.parameters},
        returns=tools[program.calls[-1].component].signature.returns,
        calls=tuple(
            call.model_copy(update={"component": components[call.component].namespace})
            for call in program.calls
        ),
    )
    source = write_source(function, list(components.values()))
    skill = Skill(
        name=name,
        description=summary,
        kind="tool",
        body=f"Compiled from tools of the library:\n\n    {program.text()}\n",
        license="Apache-2.0",
        metadata={
            "skillweave-function": function.name,
            "skillweave-author": author,
            "skillweave-components": " ".join(program.tools),
            CHAIN: _chain(program, tools),
        },
        requests=tuple(" ".join(request.split()) for request in requests),
        signature=signature_of(source, function.name),
        cases=tuple(cases),
    )
    return Compiled(skill=skill, source=source, function=function.name)


def _components(tools: Mapping[str, Tool]) -> dict[str, Component]:
    """A namespace of its own for every tool."""
    made: dict[str, Component] = {}
    for name, tool in tools.items():
        function = tool.signature.function
        taken = {one.namespace for one in made.values()}
        choices = (f"_{function}", *(f"_{function}_{n}" for n in range(2, len(tools) + 2)))
        namespace = next(one for one in choices if one not in taken)
        made[name] = Component(namespace=namespace, function=function, source=tool.source)
    return made


def _schema_of(parameter: str, program: Program, tools: Mapping[str, Tool]) -> Schema:
    """The narrowest of the schemas under which the calls take a parameter."""
    found: list[Schema] = []
    for call in program.calls:
        schemas = {p.name: p.json_schema for p in tools[call.component].signature.parameters}
        for name, argument in call.arguments.items():
            if argument.name == parameter:
                found.append(schemas[name])
            elif any(leaf.name == parameter for leaf in leaves_of(argument)):
                items = schemas[name].get("items")
                found.append(items if isinstance(items, dict) else {})
    if not found:
        raise NotCompiledError(f"{parameter} is not used")
    return min(found, key=_width)


def _width(schema: Schema) -> tuple[int, str]:
    text = json.dumps(schema, sort_keys=True)
    return (len(text) if len(schema) else 1 << 20, text.replace("number", "o"))


def _summary(program: Program) -> str:
    words = [call.component.partition("@")[0].replace("-", " ") for call in program.calls]
    text = ", then ".join(words)
    return f"{text[:1].upper()}{text[1:]}."


def _chain(program: Program, tools: Mapping[str, Tool]) -> str:
    """Equal to the hash of a compiled plan with these calls, where the parameters are named alike."""
    chain: list[JsonValue] = [
        [tools[c.component].skill.digest, {n: a.text() for n, a in c.arguments.items()}]
        for c in program.calls
    ]
    return hashlib.sha256(json.dumps(chain, sort_keys=True).encode()).hexdigest()

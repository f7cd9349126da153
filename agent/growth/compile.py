"""A verified plan becomes a composite tool: one function that does all its steps.

The values of the request become typed parameters, the results flow as they did in the run, and
what went in and came out is the first case. Nothing is admitted here: see `agent/nodes/learn.py`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from skillweave.agent.growth.reuse import CHAIN, SHAPE, goal, part_of, shape
from skillweave.agent.growth.source import Argument, Call, Component, Function, write_source
from skillweave.agent.growth.wiring import (
    Given,
    NotCompiledError,
    Slot,
    slot_schema,
    slot_value,
    wire,
)
from skillweave.agent.plan import Literal, Plan, Ref, Step
from skillweave.agent.result import Attempt, StepReport
from skillweave.skills.model import Case, Frozen, Signature, Skill
from skillweave.skills.names import slug
from skillweave.skills.signature import signature_of

AUTHOR = "compile"
_FILLERS = frozenset({"a", "all", "an", "by", "from", "in", "of", "the", "to", "result", "with"})


class Tool(Frozen):
    """A component: the skill and its source."""

    skill: Skill
    source: str

    @property
    def signature(self) -> Signature:
        if self.skill.signature is None:
            raise NotCompiledError(f"{self.skill.name} has no function")
        return self.skill.signature


class Compiled(Frozen):
    """A composite tool that is not yet in the library."""

    skill: Skill
    source: str
    function: str

    @property
    def chain(self) -> str:
        """Equal for composites that compute the same in the same way."""
        return self.skill.metadata[CHAIN]


def parts(plan: Plan) -> tuple[tuple[Step, ...], ...]:
    """The parts of a plan worth compiling: an answer with at least one step that leads to it."""
    found = (part_of(plan, leaf) for leaf in plan.leaves())
    return tuple(part for part in found if len(part) > 1)


def compile_part(
    part: Sequence[Step],
    reports: Mapping[int, StepReport],
    tools: Mapping[str, Tool],
    outside: Mapping[int, JsonValue],
    request: str,
    name: str | None = None,
) -> Compiled:
    """Make one tool of several verified steps.

    ``tools`` are the components by the names that stand in the attempts, ``outside`` the results
    of steps of earlier turns. Raises `NotCompiledError` when the run does not say clearly enough
    what the tool would have to do.
    """
    builder = _Builder(part, reports, tools, outside)
    for step in part:
        builder.add(step)
    name = name or composite_name(part)
    summary = _sentence(goal(part).replace("{}", "").strip())
    last = reports[part[-1].id]
    function = Function(
        name=re.sub(r"^(\d)", r"do_\1", name.replace("-", "_")),
        summary=summary,
        parameters=builder.parameters,
        returns=builder.tool(part[-1]).signature.returns,
        calls=tuple(builder.calls),
    )
    source = write_source(function, list(builder.components.values()))
    skill = Skill(
        name=name,
        description=summary,
        kind="tool",
        body=_body(part, reports),
        license="Apache-2.0",
        metadata={
            "skillweave-function": function.name,
            "skillweave-author": AUTHOR,
            "skillweave-components": " ".join(dict.fromkeys(builder.used)),
            CHAIN: _hash(builder.chain),
            SHAPE: shape(part),
        },
        requests=(" ".join(request.split()),),
        signature=signature_of(source, function.name),
        cases=(Case(arguments=builder.arguments, expected=last.value),),
    )
    return Compiled(skill=skill, source=source, function=function.name)


def composite_name(part: Sequence[Step]) -> str:
    """``sort-numbers-then-take-first``."""
    told = []
    for step in part:
        words = slug(step.words()).split("-")
        told.append("-".join(w for w in words if w not in _FILLERS) or "-".join(words))
    return slug("-then-".join(told)) or "composite"


class _Builder:
    """Collects calls, parameters and components, step by step."""

    def __init__(
        self,
        part: Sequence[Step],
        reports: Mapping[int, StepReport],
        tools: Mapping[str, Tool],
        outside: Mapping[int, JsonValue],
    ) -> None:
        self._reports = reports
        self._tools = tools
        self._outside = outside
        self._results = {step.id: f"result_{number}" for number, step in enumerate(part, 1)}
        self.parameters: dict[str, Mapping[str, JsonValue]] = {}
        self.arguments: dict[str, JsonValue] = {}
        self.components: dict[str, Component] = {}
        self.calls: list[Call] = []
        self.used: list[str] = []
        self.chain: list[JsonValue] = []

    def tool(self, step: Step) -> Tool:
        """The tool that did a step."""
        attempt = self._attempt(step)
        if attempt.kind != "tool" or attempt.skill not in self._tools:
            raise NotCompiledError(f"“{step.render()}” was not done by a tool")
        return self._tools[attempt.skill]

    def add(self, step: Step) -> None:
        """Turn a step into a call."""
        tool, attempt = self.tool(step), self._attempt(step)
        signature = tool.signature
        slots = wire([self._given(i) for i in step.inputs], attempt.arguments, signature)
        filled: dict[Slot, Argument] = {}
        for value, slot in zip(step.inputs, slots, strict=True):
            if isinstance(value, Ref) and value.step in self._results:
                filled[slot] = Argument(name=self._results[value.step])
            else:
                name = self._parameter(slot)
                self.parameters[name] = slot_schema(slot, signature)
                self.arguments[name] = slot_value(slot, attempt.arguments)
                filled[slot] = Argument(name=name)
        arguments = {n: _argument(n, v, filled) for n, v in attempt.arguments.items()}
        component = self._component(tool)
        self.calls.append(
            Call(result=self._results[step.id], component=component.namespace, arguments=arguments)
        )
        self.used.append(tool.skill.versioned_name)
        self.chain.append([tool.skill.digest, {n: a.text() for n, a in arguments.items()}])

    def _attempt(self, step: Step) -> Attempt:
        report = self._reports.get(step.id)
        if report is None or not report.ok or not report.attempts:
            raise NotCompiledError(f"“{step.render()}” was not done")
        return report.attempts[-1]

    def _given(self, value: Literal | Ref) -> Given:
        if isinstance(value, Literal):
            return Given(value=value.text, exact=False)
        if value.step in self._outside:
            return Given(value=self._outside[value.step], exact=False)
        return Given(value=self._reports[value.step].value, exact=True)

    def _parameter(self, slot: Slot) -> str:
        """The component's own name, with a number when it is taken."""
        base = slot.parameter if slot.item is None else f"{slot.parameter}_item"
        taken = {*self.parameters, *self._results.values()}
        number, name = 1, base
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        return name

    def _component(self, tool: Tool) -> Component:
        known = self.components.get(tool.skill.versioned_name)
        if known is not None:
            return known
        function = tool.signature.function
        taken = {one.namespace for one in self.components.values()}
        namespace, number = f"_{function}", 1
        while namespace in taken:
            number += 1
            namespace = f"_{function}_{number}"
        made = Component(namespace=namespace, function=function, source=tool.source)
        self.components[tool.skill.versioned_name] = made
        return made


def _argument(name: str, value: JsonValue, filled: Mapping[Slot, Argument]) -> Argument:
    whole = filled.get(Slot(parameter=name))
    if whole is not None:
        return whole
    items = {s.item: a for s, a in filled.items() if s.parameter == name and s.item is not None}
    if items:
        return Argument(items=tuple(items[index] for index in sorted(items)))
    return Argument(value=value)


def _sentence(text: str) -> str:
    text = " ".join(text.replace(" ,", ",").split())[:1000]
    return f"{text[:1].upper()}{text[1:]}."


def _body(part: Sequence[Step], reports: Mapping[int, StepReport]) -> str:
    lines = ["Compiled from a verified run. Its steps:", ""]
    for number, step in enumerate(part, 1):
        skill = reports[step.id].attempts[-1].skill
        lines.append(f"{number}. {step.words('…')} (`{skill}`)")
    return "\n".join(lines) + "\n"


def _hash(chain: Sequence[JsonValue]) -> str:
    return hashlib.sha256(json.dumps(chain, sort_keys=True).encode()).hexdigest()

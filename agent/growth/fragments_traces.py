"""Verified runs as programs, read from their traces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pydantic import JsonValue, ValidationError

from skillweave.agent.growth.fragments import Episode
from skillweave.agent.growth.search_program import Program
from skillweave.agent.growth.source import Argument, Call
from skillweave.agent.growth.wiring import Given, NotCompiledError, Slot, wire
from skillweave.agent.nodes.learn import CHECKED
from skillweave.agent.plan import Input, Literal, Step
from skillweave.agent.result import Attempt, Result, StepReport
from skillweave.agent.trace import read_trace
from skillweave.skills.model import Signature

SignatureOf = Callable[[str], Signature | None]
"""The signature of ``name@digest``; None when the library has no such tool any more."""


def read_episodes(state_dir: Path, signature_of: SignatureOf) -> Iterator[Episode]:
    """All solved runs whose traces lie in ``state_dir``, oldest first."""
    for path in sorted((state_dir / "runs").glob("*/trace.jsonl")):
        result = result_of(path)
        episode = episode_of(result, signature_of) if result is not None else None
        if episode is not None:
            yield episode


def episode_of(result: Result, signature_of: SignatureOf) -> Episode | None:
    """The verified steps of a solved run; other steps only give values. None when there are none."""
    if result.outcome != "solved" or result.plan is None:
        return None
    reports = {report.id: report for report in result.steps}
    values: dict[str, JsonValue] = {}
    parameters: list[str] = []
    calls: list[Call] = []
    for step in result.plan.steps:
        report = reports.get(step.id)
        if report is None or not report.ok:
            continue
        name = f"step_{step.id}"
        call = _call(step, report, signature_of, values, reports)
        if call is None:
            parameters.append(name)
        else:
            parameters.extend(n for n in values if n.startswith(f"given_{step.id}_"))
            calls.append(call)
        values[name] = report.value
    if not calls:
        return None
    program = Program(parameters=tuple(parameters), calls=tuple(calls))
    return Episode(run=result.run, program=program, values=values)


def result_of(path: Path) -> Result | None:
    """What the run came to; None when it did not end, or was written by a version that said less."""
    for record in read_trace(path):
        if record["kind"] == "finished":
            try:
                return Result.model_validate(record["result"])
            except ValidationError:
                return None
    return None


def _call(
    step: Step,
    report: StepReport,
    signature_of: SignatureOf,
    values: dict[str, JsonValue],
    reports: Mapping[int, StepReport],
) -> Call | None:
    """The step as a call; None unless a tool did it, it was checked, and its wiring is clear."""
    attempt = report.attempts[-1] if report.attempts else None
    verdict = attempt.verdict if attempt is not None else None
    if attempt is None or attempt.kind != "tool" or verdict is None:
        return None
    signature = signature_of(attempt.skill) if verdict.ok and verdict.method in CHECKED else None
    if signature is None:
        return None
    try:
        slots = wire([_given(one, reports) for one in step.inputs], attempt.arguments, signature)
    except (NotCompiledError, KeyError):
        return None
    names: dict[Slot, str] = {}
    for number, (one, slot) in enumerate(zip(step.inputs, slots, strict=True), 1):
        if isinstance(one, Literal):
            names[slot] = f"given_{step.id}_{number}"
            values[names[slot]] = _value(slot, attempt)
        else:
            names[slot] = f"step_{one.step}"
            values.setdefault(names[slot], reports[one.step].value)
    arguments = {name: _argument(name, attempt, names) for name in attempt.arguments}
    return Call(result=f"step_{step.id}", component=attempt.skill, arguments=arguments)


def _given(one: Input, reports: Mapping[int, StepReport]) -> Given:
    if isinstance(one, Literal):
        return Given(value=one.text, exact=False)
    return Given(value=reports[one.step].value, exact=True)


def _value(slot: Slot, attempt: Attempt) -> JsonValue:
    value = attempt.arguments[slot.parameter]
    return value[slot.item] if slot.item is not None and isinstance(value, list) else value


def _argument(name: str, attempt: Attempt, names: Mapping[Slot, str]) -> Argument:
    whole = names.get(Slot(parameter=name))
    if whole is not None:
        return Argument(name=whole)
    items = {s.item: n for s, n in names.items() if s.parameter == name and s.item is not None}
    if items:
        return Argument(items=tuple(Argument(name=items[place]) for place in sorted(items)))
    return Argument(value=attempt.arguments[name])

"""Running a tool's declared cases. The host compares: a tool is never asked whether it is right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue

from skillweave.skills.errors import SkillFormatError
from skillweave.skills.model import Case, Frozen, Skill
from skillweave.skills.sandbox import ToolFailure, ToolOutcome

_RELATIVE, _ABSOLUTE = 1e-9, 1e-12


class Runner(Protocol):
    """What runs tools: a `Sandbox`, or something scripted in tests."""

    def run(
        self, source: str, function: str, arguments: Mapping[str, JsonValue]
    ) -> ToolOutcome: ...


class CaseResult(Frozen):
    """What one case came to."""

    number: int
    """Which case, from 1."""
    passed: bool
    expected: JsonValue = None
    got: JsonValue = None
    error: ToolFailure | None = None
    seconds: float = 0.0
    reason: str = ""
    """Why it did not pass, in one line."""


class CasesReport(Frozen):
    """What all cases of a skill came to."""

    skill: str
    digest: str = ""
    results: tuple[CaseResult, ...] = ()

    @property
    def total(self) -> int:
        return len(self.results)

    @property
    def passed(self) -> int:
        return sum(result.passed for result in self.results)

    @property
    def ok(self) -> bool:
        """Every case passed, and there was at least one."""
        return self.total > 0 and self.passed == self.total

    @property
    def failures(self) -> tuple[CaseResult, ...]:
        return tuple(result for result in self.results if not result.passed)


def run_cases(sandbox: Runner, skill: Skill) -> CasesReport:
    """Run every declared case of a tool, in order."""
    if skill.signature is None or skill.path is None:
        raise SkillFormatError(
            skill.path or skill.name,
            "it has no typed function to run",
            remedy="cases can be run for a tool read from its folder",
        )
    file = skill.path / "scripts" / "tool.py"
    try:
        source = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SkillFormatError(
            file, f"it cannot be read ({error})", remedy="write it as UTF-8 text"
        ) from error
    function = skill.signature.function
    results = [
        _judge(number, case, sandbox.run(source, function, case.arguments))
        for number, case in enumerate(skill.cases, start=1)
    ]
    return CasesReport(skill=skill.name, digest=skill.digest, results=tuple(results))


def _judge(number: int, case: Case, outcome: ToolOutcome) -> CaseResult:
    reason = _difference(case, outcome)
    return CaseResult(
        number=number,
        passed=reason is None,
        expected=case.expected,
        got=outcome.value,
        error=outcome.error,
        seconds=outcome.seconds,
        reason=reason or "",
    )


def _difference(case: Case, outcome: ToolOutcome) -> str | None:
    if case.raises is not None:
        if outcome.error is None:
            return f"expected {case.raises} to be raised, got {_shown(outcome.value)}"
        if outcome.error.type != case.raises:
            return f"expected {case.raises} to be raised, got {outcome.error}"
        return None
    if outcome.error is not None:
        return str(outcome.error)
    if not same_value(case.expected, outcome.value):
        return f"expected {_shown(case.expected)}, got {_shown(outcome.value)}"
    return None


def same_value(expected: JsonValue, got: JsonValue) -> bool:
    """Whether two JSON values are the same, floats up to rounding (relative 1e-9, absolute 1e-12).

    ``1`` and ``1.0`` are the same; ``True`` and ``1`` are not.
    """
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, (int, float)) and isinstance(got, (int, float)):
        return _same_number(expected, got)
    if isinstance(expected, str) or isinstance(got, str):
        return expected == got
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return expected.keys() == got.keys() and all(
            same_value(value, got[key]) for key, value in expected.items()
        )
    if isinstance(expected, Sequence) and isinstance(got, Sequence):
        return len(expected) == len(got) and all(map(same_value, expected, got))
    return expected is None and got is None


def _same_number(expected: float, got: float) -> bool:
    if isinstance(expected, int) and isinstance(got, int):
        return expected == got
    try:
        return math.isclose(expected, got, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
    except OverflowError:  # an integer beyond the floats
        return False


def _shown(value: JsonValue) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."

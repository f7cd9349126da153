"""Running declared cases, against a scripted runner and against the real sandbox's rules of sameness."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from skillweave.skills.cases import run_cases, same_value
from skillweave.skills.errors import SandboxUnavailableError, SkillFormatError
from skillweave.skills.model import Case, Signature, Skill
from skillweave.skills.sandbox import Sandbox, ToolFailure, ToolOutcome

JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
HALVE = '''
def halve(number: float) -> float:
    """Half of a number."""
    if number < 0:
        raise ValueError("negative")
    return number / 2
'''


class Scripted:
    """Answers with what was prepared, in order."""

    def __init__(self, *outcomes: ToolOutcome) -> None:
        self.outcomes = list(outcomes)
        self.calls: list[tuple[str, str, Mapping[str, JsonValue]]] = []

    def run(self, source: str, function: str, arguments: Mapping[str, JsonValue]) -> ToolOutcome:
        self.calls.append((source, function, arguments))
        return self.outcomes.pop(0)


def tool(folder: Path, *cases: Case, source: str = HALVE) -> Skill:
    (folder / "scripts").mkdir()
    (folder / "scripts" / "tool.py").write_text(source)
    return Skill(
        name="halve",
        description="Half of a number.",
        kind="tool",
        signature=Signature(function="halve"),
        cases=cases,
        digest="d" * 64,
        path=folder,
    )


@settings(deadline=None)
@given(JSON)
def test_every_value_is_itself(value: JsonValue) -> None:
    assert same_value(value, value)


@settings(deadline=None)
@given(JSON, JSON)
def test_sameness_is_symmetric(one: JsonValue, other: JsonValue) -> None:
    assert same_value(one, other) == same_value(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (0.1 + 0.2, 0.3),
        (1e300, 1e300 * (1 + 1e-10)),
        (0.0, 1e-13),
        (2**80, float(2**80)),
        ([1, [2.0]], [1.0, [2]]),
        ({"a": 1, "b": [0.3]}, {"b": [0.1 + 0.2], "a": 1}),
        (math.inf, math.inf),
    ],
)
def test_same(one: JsonValue, other: JsonValue) -> None:
    assert same_value(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        (0, None),
        ("", None),
        ("1", 1),
        ("ab", ["a", "b"]),
        (1.0, 1.00001),
        (10**20, 10**20 + 1),
        (10**400, 1.0),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ([], {}),
        ({"a": 1}, {"a": 1, "b": None}),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}),
    ],
)
def test_not_same(one: JsonValue, other: JsonValue) -> None:
    assert not same_value(one, other)


def test_report_tells_each_case_apart(tmp_path: Path) -> None:
    skill = tool(
        tmp_path,
        Case(arguments={"number": 4}, expected=2.0),
        Case(arguments={"number": 3}, expected=1),
        Case(arguments={"number": -1}, raises="ValueError"),
        Case(arguments={"number": -2}, raises="KeyError"),
        Case(arguments={"number": 6}, raises="ValueError"),
        Case(arguments={"number": 8}, expected=4),
    )
    negative = ToolFailure(type="ValueError", message="negative", line=5)
    runner = Scripted(
        ToolOutcome(ok=True, value=2),
        ToolOutcome(ok=True, value=1.5),
        ToolOutcome(ok=False, error=negative),
        ToolOutcome(ok=False, error=negative),
        ToolOutcome(ok=True, value=3),
        ToolOutcome(ok=False, error=ToolFailure(type="TimeLimit", message="too long")),
    )

    report = run_cases(runner, skill)

    assert [result.passed for result in report.results] == [True, False, True, False, False, False]
    assert [result.number for result in report.failures] == [2, 4, 5, 6]
    assert [result.reason for result in report.failures] == [
        "expected 1, got 1.5",
        "expected KeyError to be raised, got ValueError: negative (line 5)",
        "expected ValueError to be raised, got 3",
        "TimeLimit: too long",
    ]
    assert (report.skill, report.digest) == ("halve", "d" * 64)
    assert (report.passed, report.total, report.ok) == (2, 6, False)
    assert runner.calls[0] == (HALVE, "halve", {"number": 4})


def test_no_cases_prove_nothing(tmp_path: Path) -> None:
    report = run_cases(Scripted(), tool(tmp_path))

    assert report.results == ()
    assert not report.ok


def test_long_values_are_cut_in_the_reason(tmp_path: Path) -> None:
    skill = tool(tmp_path, Case(arguments={"number": 1}, expected="x" * 10_000))

    report = run_cases(Scripted(ToolOutcome(ok=True, value=1)), skill)

    assert len(report.results[0].reason) < 500


def test_what_is_no_tool_is_refused(tmp_path: Path) -> None:
    guide = Skill(name="guide", description="Words.", kind="guide", path=tmp_path)
    with pytest.raises(SkillFormatError, match="no typed function"):
        run_cases(Scripted(), guide)


def test_missing_source_is_said_in_one_line(tmp_path: Path) -> None:
    skill = tool(tmp_path)
    (tmp_path / "scripts" / "tool.py").unlink()
    with pytest.raises(SkillFormatError, match=r"tool\.py: it cannot be read"):
        run_cases(Scripted(), skill)


def test_cases_run_in_the_sandbox(tmp_path: Path) -> None:
    skill = tool(
        tmp_path,
        Case(arguments={"number": 3}, expected=1.5),
        Case(arguments={"number": -1}, raises="ValueError"),
        Case(arguments={"wrong": 1}, raises="TypeError"),
        Case(arguments={"number": 3}, expected=2),
    )
    try:
        sandbox = Sandbox.open(workers=1)
    except SandboxUnavailableError as error:
        pytest.skip(str(error))
    with sandbox:
        report = run_cases(sandbox, skill)

    assert [result.passed for result in report.results] == [True, True, True, False]
    assert report.results[3].got == 1.5

"""The suite of dropped tools: its data, and what counts as right."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from skillweave.agent.result import Attempt, Outcome, Result, StepReport
from skillweave.evals.calls import DEVELOPMENT, HELD_OUT, dropped, is_same
from skillweave.evals.suite import Sample, Score
from skillweave.evals.suites.calls import CALLS, load

ASKED = Sample(
    id="s",
    request="r",
    family="1 arguments",
    expected={"tool": "weather", "arguments": {"city": "Porto", "days": [1, 2]}},
)
BEYOND = Sample(id="b", request="r", family="beyond", right=())


def result(*calls: tuple[str, Mapping[str, JsonValue]], outcome: Outcome = "solved") -> Result:
    steps = tuple(
        StepReport(
            id=number,
            goal="g",
            ok=True,
            attempts=(Attempt(skill=f"{name}@1", kind="tool", arguments=dict(arguments)),),
        )
        for number, (name, arguments) in enumerate(calls, start=1)
    )
    return Result(run="r", task="t", outcome=outcome, answer="Words.\nMore.", steps=steps)


def test_every_request_has_its_tool_and_the_tool_its_arguments() -> None:
    loaded = load(None)
    assert len({sample.id for sample in loaded.samples}) == len(loaded.samples) == 140
    assert sum(sample.family == "beyond" for sample in loaded.samples) == 40
    assert loaded.beside
    signatures = {one.skill.name: one.skill.signature for one in loaded.skills}
    assert len(signatures) == 50
    for sample in loaded.samples:
        if isinstance(sample.expected, dict):
            signature = signatures[str(sample.expected["tool"])]
            given = sample.expected["arguments"]
            assert signature is not None
            assert isinstance(given, dict)
            assert {p.name for p in signature.parameters if p.required} <= given.keys()
            assert given.keys() <= {p.name for p in signature.parameters}


def test_nobody_tuned_on_the_held_out_tools() -> None:
    parts = [dropped(path) for path in (DEVELOPMENT, HELD_OUT)]
    sources, requests = (
        [{one.source for one in part} for part in parts],
        [{asked.request for one in part for asked in one.requests} for part in parts],
    )
    assert not sources[0] & sources[1]
    assert not requests[0] & requests[1]


@pytest.mark.parametrize(
    ("sample", "made", "value", "says"),
    [
        (ASKED, result(("weather", {"city": "porto ", "days": [1, 2]})), 1.0, ""),
        (ASKED, result(("weather", {"city": "Porto"})), 0.0, "called with {'city': 'Porto'}"),
        (ASKED, result(("forecast", {"city": "Porto", "days": [1, 2]})), 0.0, "called forecast"),
        (ASKED, result(("weather", {}), ("weather", {})), 0.0, "called weather, weather"),
        (ASKED, result(outcome="declined"), 0.0, "declined: Words."),
        (BEYOND, result(outcome="declined"), 1.0, ""),
        (BEYOND, result(outcome="answered"), 1.0, ""),
        (BEYOND, result(("weather", {})), 0.0, "called weather"),
    ],
)
def test_one_call_with_its_arguments_is_right(
    sample: Sample, made: Result, value: float, says: str
) -> None:
    scored: Score = CALLS.score(sample, made)
    assert scored.value == value
    assert scored.note.startswith(says)


def test_capitals_do_not_count_but_kinds_do() -> None:
    assert is_same({"a": ["X ", 1]}, {"a": ["x", 1.0]})
    assert not is_same({"a": "1"}, {"a": 1})
    assert not is_same({"a": 1}, {"a": 1, "b": 2})

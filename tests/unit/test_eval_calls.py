"""The suite of dropped tools: its data, and what counts as right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from pydantic import JsonValue, TypeAdapter

from skillweave.agent.result import Attempt, Outcome, Result, StepReport
from skillweave.evals.calls import (
    DEVELOPMENT,
    HELD_OUT,
    SEVERAL,
    SEVERAL_DEVELOPMENT,
    Meant,
    are_same,
    dropped,
    is_same,
    several,
)
from skillweave.evals.suite import Loaded, Sample, Score
from skillweave.evals.suites.calls import CALLS, expected_of, load, load_several

ASKED = Sample(
    id="s",
    request="r",
    family="1 arguments",
    expected=expected_of([Meant(tool="weather", arguments={"city": "Porto", "days": [1, 2]})]),
)
TWICE = ASKED.model_copy(
    update={
        "expected": expected_of(
            [Meant(tool="weather", arguments={"city": city}) for city in ("Porto", "Lisbon")]
        )
    }
)
BEYOND = Sample(id="b", request="r", family="beyond", expected=[], right=())


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


@pytest.mark.parametrize(
    ("loaded", "families"),
    [
        (load(None), {"beyond": 40}),
        (
            load_several(None),
            {"one tool again": 55, "several tools": 25, "one call, many values": 20},
        ),
    ],
    ids=["calls", "several"],
)
def test_every_request_has_its_tools_and_they_their_arguments(
    loaded: Loaded, families: dict[str, int]
) -> None:
    counts = Counter(sample.family for sample in loaded.samples)
    assert families.items() <= counts.items()
    assert len({sample.id for sample in loaded.samples}) == len(loaded.samples)
    assert loaded.beside
    signatures = {one.skill.name: one.skill.signature for one in loaded.skills}
    assert len(signatures) == 50
    for sample in loaded.samples:
        meant = TypeAdapter(list[Meant]).validate_python(sample.expected)
        assert {one.tool for one in meant} == set(sample.right or ())
        for one in meant:
            signature = signatures[one.tool]
            assert signature is not None
            assert {p.name for p in signature.parameters if p.required} <= one.arguments.keys()
            assert one.arguments.keys() <= {p.name for p in signature.parameters}


def test_nobody_tuned_on_the_held_out_tools() -> None:
    parts = [dropped(path) for path in (DEVELOPMENT, HELD_OUT)]
    sources = [{one.source for one in part} for part in parts]
    requests = [{asked.request for one in part for asked in one.requests} for part in parts]
    for known, path in zip(requests, (SEVERAL_DEVELOPMENT, SEVERAL), strict=True):
        known.update(told.request for told in several(path))
    assert not sources[0] & sources[1]
    assert not requests[0] & requests[1]


@pytest.mark.parametrize(
    ("sample", "made", "value", "says"),
    [
        (ASKED, result(("weather", {"city": "porto ", "days": [1, 2]})), 1.0, ""),
        (
            ASKED,
            result(("weather", {"city": "Porto"})),
            0.0,
            "weather called with {'city': 'Porto'}",
        ),
        (TWICE, result(("weather", {"city": "Lisbon"}), ("weather", {"city": "Porto"})), 1.0, ""),
        (TWICE, result(("weather", {"city": "Porto"})), 0.0, "called weather"),
        (TWICE, result(*[("weather", {"city": "Porto"})] * 2), 0.0, "weather called with {'city'"),
        (ASKED, result(("forecast", {"city": "Porto", "days": [1, 2]})), 0.0, "called forecast"),
        (ASKED, result(("weather", {}), ("weather", {})), 0.0, "called weather, weather"),
        (ASKED, result(outcome="declined"), 0.0, "declined: Words."),
        (BEYOND, result(outcome="declined"), 1.0, ""),
        (BEYOND, result(outcome="answered"), 1.0, ""),
        (BEYOND, result(("weather", {})), 0.0, "called weather"),
    ],
)
def test_the_calls_that_are_meant_are_right_with_their_arguments(
    sample: Sample, made: Result, value: float, says: str
) -> None:
    scored: Score = CALLS.score(sample, made)
    assert scored.value == value
    assert scored.note.startswith(says)


def test_capitals_do_not_count_but_kinds_do() -> None:
    assert is_same({"a": ["X ", 1]}, {"a": ["x", 1.0]})
    assert not is_same({"a": "1"}, {"a": 1})
    assert not is_same({"a": 1}, {"a": 1, "b": 2})


def test_several_calls_are_the_same_in_any_order() -> None:
    assert are_same([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1}])
    assert not are_same([{"a": 1}, {"a": 1}], [{"a": 1}, {"a": 2}])
    assert not are_same([{"a": 1}], [{"a": 1}, {"a": 1}])

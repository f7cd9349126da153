"""BFCL: the checker against calls that are right and wrong, functions as tools, and the data's faults."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from skillweave.agent.result import Result, StepReport
from skillweave.evals.sources import DataMissingError
from skillweave.evals.suites.bfcl import ANSWERS, CALLING, CATEGORIES, QUESTIONS, load, score
from skillweave.evals.suites.bfcl_check import Call, Function, Possible, check, is_possible
from skillweave.evals.suites.bfcl_skills import Described, calls_of, skill_of
from skillweave.skills.errors import UserError
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.sandbox import Sandbox

AREA = Described.model_validate(
    {
        "name": "geometry.area",
        "description": 'The "area" of a\nrectangle, in C:\\units.',
        "parameters": {
            "type": "dict",
            "properties": {
                "unit": {"type": "string", "enum": ["m", "ft"], "description": "Unit."},
                "from": {"type": "float", "description": "One side."},
                "sides": {"type": "array", "items": {"type": "integer"}},
                "given": {"type": "dict", "description": "More."},
            },
            "required": ["from", "sides"],
        },
    }
)
FUNCTIONS = {
    "area": Function(
        types={"side": "float", "unit": "string", "how": "dict", "all": "array"}, required=("side",)
    ),
    "name": Function(types={"of": "string"}, required=("of",)),
}
POSSIBLE: list[Possible] = [
    {"area": {"side": [5.0], "unit": ["m", ""], "how": [{"deep": [1, 2], "so": ["", "x"]}, ""]}},
    {"name": {"of": ["New York"]}},
    {"name": {"of": ["Paris"]}},
]
NAMES = [Call(function="name", arguments={"of": of}) for of in ("paris", "new-york")]


def area(**arguments: JsonValue) -> Call:
    return Call(function="area", arguments={"side": 5, **arguments})


@pytest.mark.parametrize(
    "call",
    [
        area(),
        area(unit="M"),
        area(how={"deep": 2}),
        area(how={"deep": 1, "so": "x"}),
        area(side=5.0),
    ],
)
def test_right_calls_in_any_order(call: Call) -> None:
    for calls in ([call, *NAMES], [*NAMES, call]):
        assert check(calls, POSSIBLE, FUNCTIONS) == ""


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (area(unit="ft"), "unit is 'ft'"),
        (area(side="5"), "side is '5'"),
        (area(side=True), "side is True"),
        (area(depth=1), "depth is too much"),
        (area(all=[1]), "all is too much"),
        (area(how={}), "how is {}"),
        (area(how={"deep": 3}), "how is"),
        (area(how={"deep": 1, "other": 1}), "how is"),
        (Call(function="area"), "side is missing"),
        (Call(function="volume"), "volume is called"),
    ],
)
def test_wrong_calls(call: Call, reason: str) -> None:
    assert reason in check([call, *NAMES], POSSIBLE, FUNCTIONS)


def test_every_possible_call_wants_a_call_of_its_own() -> None:
    twice = [area(), NAMES[0], NAMES[0]]
    assert "no possible answer is left" in check(twice, POSSIBLE, FUNCTIONS)
    assert check([area()], POSSIBLE, FUNCTIONS) == "1 calls, not 3"
    assert check([], [], FUNCTIONS) == ""
    assert check([area()], [], FUNCTIONS) == "1 calls, not 0"


def test_a_value_that_may_not_be_left_out() -> None:
    possible: list[Possible] = [{"area": {"side": [5], "unit": ["m"]}}]
    assert check([area()], possible, FUNCTIONS) == "area: unit is missing"


plain = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


@given(st.lists(plain, max_size=4))
def test_a_list_is_possible_only_as_a_whole(values: list[JsonValue]) -> None:
    assert is_possible(values, [list(values)], "array")
    assert not is_possible([*values, 1], [list(values)], "array")
    assert not is_possible(values, [[*values, 1]], "array")


def test_a_function_is_a_tool_that_tells_its_call() -> None:
    wrapped = skill_of(AREA)
    content = wrapped.files[TOOL_FILE]
    assert isinstance(content, bytes)
    signature = wrapped.skill.signature
    assert signature is not None
    assert [(p.name, p.required) for p in signature.parameters] == [
        ("from_", True), ("sides", True), ("unit", False), ("given_", False),
    ]  # fmt: skip
    with Sandbox.open() as sandbox:
        arguments: Mapping[str, JsonValue] = {"from_": 2.5, "sides": [1, 2], "unit": "m"}
        outcome = sandbox.run(content.decode(), signature.function, arguments)
    value = {"function": "geometry.area", "arguments": {"from": 2.5, "sides": [1, 2], "unit": "m"}}
    assert outcome.value == value
    steps = (StepReport(id=1, goal="a", value=value, ok=True), StepReport(id=2, goal="b"))
    result = Result(run="r", task="t", outcome="solved", answer="", steps=steps)
    assert [call.function for call in calls_of(result)] == ["geometry.area"]


def test_functions_of_one_name_are_different_skills() -> None:
    other = AREA.model_copy(update={"description": "Another one."})
    assert AREA.skill != other.skill
    assert AREA.skill.startswith("geometry-area-")


def write(folder: Path, category: str, rows: Sequence[Mapping[str, object]]) -> None:
    questions, answers = folder / QUESTIONS.format(category), folder / ANSWERS.format(category)
    answers.parent.mkdir(parents=True, exist_ok=True)
    asked = [{k: v for k, v in row.items() if k != "ground_truth"} for row in rows]
    questions.write_text("".join(json.dumps(row) + "\n" for row in asked))
    told = [{"id": row["id"], "ground_truth": row["ground_truth"]} for row in rows]
    answers.write_text("".join(json.dumps(row) + "\n" for row in told))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One sample of each category, in the form of the leaderboard's files."""
    for category in CATEGORIES:
        row = {
            "id": f"{category}_0",
            "question": [[{"role": "user", "content": "the area of 2.5 by 1"}]],
            "function": [AREA.model_dump(mode="json")],
            "ground_truth": [{"geometry.area": {"from": [2.5], "sides": [[1]], "unit": [""]}}],
        }
        write(tmp_path / "bfcl" / "data", category, [row])
    return tmp_path


def test_samples_know_what_is_given_and_what_is_right(data: Path) -> None:
    loaded = load(data, {})
    assert [sample.family for sample in loaded.samples] == list(CATEGORIES)
    assert len(loaded.skills) == 1
    assert len(loaded.files) == len(CATEGORIES) + len(CALLING)
    first, last = loaded.samples[0], loaded.samples[-1]
    assert first.given == first.right == (AREA.skill,)
    assert (last.given, last.right) == ((AREA.skill,), ())


def test_scores(data: Path) -> None:
    loaded = load(data, {})
    value = {"function": "geometry.area", "arguments": {"from": 2.5, "sides": [1]}}
    steps = (StepReport(id=1, goal="a", value=value, ok=True),)
    called = Result(run="r", task="t", outcome="solved", answer="", steps=steps)
    declined = Result(run="r", task="t", outcome="declined", answer="No skill fits.\nMore.")
    first, last = loaded.samples[0], loaded.samples[-1]
    assert (score(first, called).value, score(last, called).value) == (1, 0)
    assert (score(first, declined).value, score(last, declined).value) == (0, 1)
    assert score(first, declined).note == "no call; declined: No skill fits."


def test_what_is_wrong_with_the_data_is_said(data: Path) -> None:
    with pytest.raises(DataMissingError, match=r"ShishirPatil/gorilla.*SKILLWEAVE_DATA"):
        load(None)
    with pytest.raises(DataMissingError, match="holds no bfcl"):
        load(data / "bfcl")
    with pytest.raises(UserError, match="sha256 is"):
        load(data)
    file = data / "bfcl" / "data" / QUESTIONS.format("multiple")
    file.write_text(file.read_text() + "{}\n")
    with pytest.raises(UserError, match=r"multiple\.json:2: 3 validation errors"):
        load(data, {})
    file.unlink()
    with pytest.raises(DataMissingError, match="is missing"):
        load(data, {})

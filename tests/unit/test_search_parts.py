"""The parts of the search that run no tool: examples, constants, kinds, programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from skillweave.agent.growth.compile import Tool, compile_part
from skillweave.agent.growth.search_kinds import distances, kind_of, kinds_of
from skillweave.agent.growth.search_pool import constants
from skillweave.agent.growth.search_program import Program, compile_program
from skillweave.agent.growth.search_promise import doubt
from skillweave.agent.growth.search_skill import Wanted
from skillweave.agent.growth.source import Argument, Call
from skillweave.agent.plan import Literal, Ref, Step
from skillweave.agent.result import Attempt, StepReport
from skillweave.agent.schema import problem
from skillweave.skills.errors import UserError
from skillweave.skills.model import Case, Skill
from skillweave.skills.signature import signature_of

SOURCES = {
    "words": "def words(text: str) -> list[str]:\n    return text.split()\n",
    "count": "def count(items: list[str]) -> int:\n    return len(items)\n",
}
TEXTS = ("to be or not", "a b", "the last of them all", "one more", "red", "so it goes then")


def tool(name: str) -> Tool:
    skill = Skill(
        name=name,
        description=name,
        kind="tool",
        digest=name.ljust(64, "0"),
        signature=signature_of(SOURCES[name], name),
    )
    return Tool(skill=skill, source=SOURCES[name])


TOOLS = {one.skill.versioned_name: one for one in map(tool, SOURCES)}
WORDS, COUNT = TOOLS


def examples(outputs: list[JsonValue]) -> tuple[Case, ...]:
    pairs = zip(TEXTS, outputs, strict=True)
    return tuple(Case(arguments={"text": text}, expected=output) for text, output in pairs)


def call(number: int, component: str, **arguments: str) -> Call:
    given = {name: Argument(name=one) for name, one in arguments.items()}
    return Call(result=f"result_{number}", component=component, arguments=given)


def test_a_program_names_what_it_takes() -> None:
    with pytest.raises(ValueError, match="result_1 takes x"):
        Program(parameters=("text",), calls=(call(1, WORDS, text="x"),))


def test_a_program_and_a_plan_with_the_same_calls_are_twins() -> None:
    part = (
        Step(id=1, goal="words of {}", inputs=(Literal(text="a b"),)),
        Step(id=2, goal="count {}", inputs=(Ref(step=1),)),
    )
    values: tuple[JsonValue, ...] = (["a", "b"], 2)
    given: tuple[dict[str, JsonValue], ...] = ({"text": "a b"}, {"items": ["a", "b"]})
    reports = {
        number: StepReport(
            id=number,
            goal="",
            value=value,
            ok=True,
            attempts=(Attempt(skill=name, kind="tool", arguments=arguments, value=value),),
        )
        for number, name, arguments, value in zip((1, 2), TOOLS, given, values, strict=True)
    }
    plan = compile_part(part, reports, TOOLS, {}, "count the words of 'a b'")
    calls = (call(1, WORDS, text="text"), call(2, COUNT, items="result_1"))
    program = Program(parameters=("text",), calls=calls)
    made = compile_program(program, TOOLS, name="word-count", author="search")
    assert made.chain == plan.chain
    assert made.skill.signature is not None
    assert made.skill.signature.parameters == plan.skill.signature.parameters  # type: ignore[union-attr]


def test_distances_lead_to_the_goal() -> None:
    tools = [(kinds_of({"type": "string"}), kinds_of({"type": "array"}))]
    tools.append((kinds_of({"type": "array"}), kinds_of({"type": "integer"})))
    found = distances(tools, "number")
    assert (found["number"], found["list:string"], found["string"]) == (0, 1, 2)
    assert "boolean" not in found


def test_doubt_grows_with_what_is_lost() -> None:
    goal: list[JsonValue] = ["LANTERN", "HARBOUR"]
    assert doubt(["lantern", "harbour"], goal) == 0
    assert 0 < doubt(["0f3a", "19bc"], goal) < doubt(["x", "x"], goal)


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        (examples([1] * 6)[:2], "at least 3 examples"),
        (examples([1] * 6), "same output"),
        (
            (*examples(list(range(6)))[:3], Case(arguments={"x": "1"}, expected=1)),
            "other arguments",
        ),
        ((*examples(list(range(6)))[:3], Case(input="1", expected=1)), "needs 'arguments'"),
        (tuple(Case(arguments={"a b": n}, expected=n) for n in range(3)), "name of a parameter"),
    ],
)
def test_examples_that_say_nothing_are_refused(cases: tuple[Case, ...], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        Wanted(name="found", examples=cases)


def test_a_third_is_kept_back_and_the_seed_says_which() -> None:
    wanted = Wanted(name="found", examples=examples(list(range(6))))
    question = wanted.question()
    assert (len(question.given), len(question.kept)) == (4, 2)
    assert {c.expected for c in question.examples} == set(range(6))
    others = {
        tuple(c.expected for c in wanted.model_copy(update={"seed": seed}).question().kept)
        for seed in range(20)
    }
    assert len(others) > 1


def test_constants_of_a_request() -> None:
    pool = {c.value: c.size for c in constants("to 'km', 7.5 per litre", ["a", "b"])}
    assert pool["km"] == pool[7.5] == 1
    assert pool["litre"] == 2
    assert "to" not in pool


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=6,
)
SCHEMAS: list[dict[str, JsonValue]] = [
    {},
    {"type": "string"},
    {"type": "integer"},
    {"type": "array", "items": {"type": "number"}},
    {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "number"}]}},
    {"type": "array"},
    {"anyOf": [{"type": "null"}, {"type": "object", "additionalProperties": {"type": "string"}}]},
]


@given(json_values, st.sampled_from(SCHEMAS))
def test_a_value_that_fits_a_schema_is_of_one_of_its_kinds(
    value: JsonValue, schema: dict[str, JsonValue]
) -> None:
    if not problem(value, schema):
        assert kind_of(value) in kinds_of(schema)

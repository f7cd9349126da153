"""Verified plans become composite tools: wiring, source, and finding them again."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from skillweave.agent.growth.compile import Compiled, Tool, compile_part, composite_name, parts
from skillweave.agent.growth.reuse import fold, goal, part_of, shape
from skillweave.agent.growth.source import annotation
from skillweave.agent.growth.wiring import Given, NotCompiledError, Slot, wire
from skillweave.agent.plan import Literal, Plan, Ref, Step
from skillweave.agent.result import Attempt, StepReport, Verdict
from skillweave.skills.annotations import SchemaReader
from skillweave.skills.folder import TOOL_FILE, write_skill
from skillweave.skills.model import Skill
from skillweave.skills.sandbox import Sandbox
from skillweave.skills.signature import signature_of

WORDS = '''"""Counts."""

from __future__ import annotations

import re

PATTERN = re.compile(r"\\w+")


def _all(text: str) -> list[str]:
    return PATTERN.findall(text)


def words(text: str) -> list[str]:
    """The words of a text."""
    return _all(text)
'''
TAKE = '''def take(items: list[str], count: int, reverse: bool = False) -> list[str]:
    """The first items."""
    return _all(items)[:count] if not reverse else _all(items)[::-1][:count]


def _all(items: list[str]) -> list[str]:
    return list(items)
'''
ADD = "def add(numbers: list[float]) -> float:\n    return sum(numbers)\n"
SIZE = "def size(text: str) -> int:\n    return len(text)\n"


def tool(name: str, source: str) -> Tool:
    function = name.replace("-", "_")
    skill = Skill(
        name=name,
        description=name,
        kind="tool",
        digest=f"{name}-digest".ljust(64, "0"),
        signature=signature_of(source, function),
    )
    return Tool(skill=skill, source=source)


TOOLS = [tool("words", WORDS), tool("take", TAKE), tool("add", ADD), tool("size", SIZE)]
BY_NAME = {t.skill.versioned_name: t for t in TOOLS}


def done(number: int, name: str, arguments: dict[str, JsonValue], value: JsonValue) -> StepReport:
    skill = next(n for n in BY_NAME if n.startswith(f"{name}@"))
    attempt = Attempt(
        skill=skill,
        kind="tool",
        arguments=arguments,
        value=value,
        verdict=Verdict(ok=True, method="cases"),
    )
    return StepReport(id=number, goal=name, value=value, ok=True, attempts=(attempt,))


def step(number: int, goal: str, *inputs: str | int) -> Step:
    values = tuple(Ref(step=i) if isinstance(i, int) else Literal(text=i) for i in inputs)
    return Step(id=number, goal=goal, inputs=values)


FIRST_WORDS = (
    step(4, "split {} into words", "red green blue"),
    step(5, "take the first {} of {}", "two", 4),
)
REPORTS = {
    4: done(4, "words", {"text": "red green blue"}, ["red", "green", "blue"]),
    5: done(5, "take", {"items": ["red", "green", "blue"], "count": 2}, ["red", "green"]),
}


def compiled() -> Compiled:
    return compile_part(FIRST_WORDS, REPORTS, BY_NAME, {}, "the first two of 'red green blue'")


def call(source: str, function: str) -> Callable[..., JsonValue]:
    names: dict[str, object] = {}
    exec(compile(source, "tool.py", "exec"), names)  # noqa: S102  our own output
    return cast(Callable[..., JsonValue], names[function])


def test_the_composite_does_all_steps_for_other_values() -> None:
    made = compiled()
    function = call(made.source, made.function)
    assert function(text="red green blue", count=2) == ["red", "green"]
    assert function(text="one two three four", count=3) == ["one", "two", "three"]


def test_the_composite_is_a_skill() -> None:
    skill = compiled().skill
    assert skill.name == "split-into-words-then-take-first"
    assert skill.description == "Split into words, then take the first of the result."
    assert skill.signature is not None
    assert (
        skill.signature.text() == "split_into_words_then_take_first(text: string, count: integer)"
    )
    assert skill.signature.returns == {"type": "array", "items": {"type": "string"}}
    assert skill.cases[0].arguments == {"text": "red green blue", "count": 2}
    assert skill.cases[0].expected == ["red", "green"]
    assert skill.requests == ("the first two of 'red green blue'",)
    assert skill.metadata["skillweave-author"] == "compile"


def test_the_source_can_be_read() -> None:
    source = compiled().source
    functions = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
    assert [f.name for f in functions] == [
        "_words",
        "_take",
        "split_into_words_then_take_first",
    ]
    assert "result_1 = _words()(text=text)" in source
    assert "result_2 = _take()(items=result_1, count=count)" in source


def test_it_can_be_written_and_run_in_the_sandbox(tmp_path: Path, sandbox: Sandbox) -> None:
    made = compiled()
    dest = tmp_path / made.skill.name
    skill = write_skill(made.skill, {TOOL_FILE: made.source.encode()}, dest)
    assert skill.warnings == ()
    outcome = sandbox.run(made.source, made.function, {"text": "a b", "count": 1})
    assert outcome.value == ["a"]


def test_lists_that_steps_put_together() -> None:
    part = (
        step(1, "count the letters of {}", "abc"),
        step(2, "count the letters of {}", "de"),
        step(3, "add {}, {} and {}", 1, "10", 2),
    )
    reports = {
        1: done(1, "size", {"text": "abc"}, 3),
        2: done(2, "size", {"text": "de"}, 2),
        3: done(3, "add", {"numbers": [3, 10, 2]}, 15),
    }
    made = compile_part(part, reports, BY_NAME, {}, "x")
    function = call(made.source, made.function)
    assert function(text="a", text_2="b", numbers_item=1.5) == 3.5


def test_constants_of_the_goal_stay_constants() -> None:
    part = (FIRST_WORDS[0], step(5, "take the last {} of {}", "1", 4))
    arguments: dict[str, JsonValue] = {"items": ["a", "b"], "count": 1, "reverse": True}
    reports = {
        4: done(4, "words", {"text": "a b"}, ["a", "b"]),
        5: done(5, "take", arguments, ["b"]),
    }
    part = (step(4, "split {} into words", "a b"), part[1])
    made = compile_part(part, reports, BY_NAME, {}, "x")
    assert "count=count, reverse=True" in made.source
    assert call(made.source, made.function)(text="x y z", count=2) == ["z", "y"]


def test_results_of_earlier_turns_become_parameters() -> None:
    part = (step(7, "split {} into words", 3), step(8, "take the first {} of {}", "1", 7))
    reports = {
        7: done(7, "words", {"text": "a b"}, ["a", "b"]),
        8: done(8, "take", {"items": ["a", "b"], "count": 1}, ["a"]),
    }
    made = compile_part(part, reports, BY_NAME, {3: "a b"}, "x")
    assert call(made.source, made.function)(text="c d", count=1) == ["c"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"items": ["red", "green", "blue"], "count": 3}, "not among the arguments"),
        ({"items": ["red"], "count": 2}, "not among the arguments"),
    ],
)
def test_what_does_not_add_up_is_not_compiled(arguments: dict[str, JsonValue], reason: str) -> None:
    reports = {**REPORTS, 5: done(5, "take", arguments, ["red"])}
    with pytest.raises(NotCompiledError, match=reason):
        compile_part(FIRST_WORDS, reports, BY_NAME, {}, "x")


def test_ambiguity_is_not_guessed() -> None:
    source = "def power(base: float, exponent: float) -> float:\n    return base**exponent\n"
    signature = signature_of(source, "power")
    given = [Given(value="2", exact=False), Given(value=2, exact=True)]
    with pytest.raises(NotCompiledError, match="not clear"):
        wire(given, {"base": 2, "exponent": 2}, signature)
    assert wire(given[:1], {"base": 2}, signature) == (Slot(parameter="base"),)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "N = 0\ndef size(text: str) -> int:\n    global N\n    N += 1\n    return N\n",
            "variables",
        ),
        ("def size(text: str) -> int:\n    return len(globals())\n", "globals"),
        ("from math import *\ndef size(text: str) -> int:\n    return 1\n", r"imports \*"),
    ],
)
def test_components_that_cannot_be_nested(source: str, reason: str) -> None:
    part = (step(1, "size of {}", "ab"), step(2, "add {} and {}", 1, "5"))
    reports = {1: done(1, "size", {"text": "ab"}, 2), 2: done(2, "add", {"numbers": [2, 5]}, 7)}
    odd = tool("size", source)
    with pytest.raises(NotCompiledError, match=reason):
        compile_part(part, reports, {**BY_NAME, odd.skill.versioned_name: odd}, {}, "x")


def test_equal_chains_are_equal_and_others_are_not() -> None:
    other = (step(1, "cut {} up", "x y"), step(2, "{} words of {}", "one", 1))
    reports = {
        1: done(1, "words", {"text": "x y"}, ["x", "y"]),
        2: done(2, "take", {"items": ["x", "y"], "count": 1}, ["x"]),
    }
    assert compile_part(other, reports, BY_NAME, {}, "y").chain == compiled().chain
    last = {
        **reports,
        2: done(2, "take", {"items": ["x", "y"], "count": 1, "reverse": True}, ["y"]),
    }
    assert compile_part(other, last, BY_NAME, {}, "y").chain != compiled().chain


def test_a_part_per_answer() -> None:
    plan = Plan(
        steps=(
            *FIRST_WORDS,
            step(6, "count the letters of {}", "x"),
            step(7, "add {} and {}", 6, "1"),
        )
    )
    assert [[s.id for s in part] for part in parts(plan)] == [[4, 5], [6, 7]]


def test_a_known_shape_is_folded_whatever_the_values() -> None:
    skill = compiled().skill.model_copy(update={"digest": "d" * 64})
    plan = Plan(
        steps=(
            step(1, "Split {} into words", "x y z"),
            step(2, "take the first {} of {}", "3", 1),
            step(3, "count the letters of {}", 2),
        )
    )
    folding = fold(plan, [skill])
    assert [s.id for s in folding.plan.steps] == [2, 3]
    assert folding.plan.steps[0].inputs == (Literal(text="x y z"), Literal(text="3"))
    assert folding.plan.steps[0].render() == (
        "Split x y z into words, then take the first 3 of the result"
    )
    assert folding.folded[0].parameters == ("text", "count")


def test_what_others_still_need_is_not_folded() -> None:
    skill = compiled().skill.model_copy(update={"digest": "d" * 64})
    plan = Plan(
        steps=(
            step(1, "split {} into words", "x y z"),
            step(2, "take the first {} of {}", "3", 1),
            step(3, "count the items of {}", 1),
        )
    )
    assert fold(plan, [skill]).plan == plan
    assert fold(plan, []).plan == plan


def test_shape_knows_the_flow() -> None:
    one = (step(1, "a {}", "x"), step(2, "b {} {}", 1, "y"))
    same = (step(8, "A {}", "q"), step(9, "b {} {}", 8, "z"))
    other = (step(1, "a {}", "x"), step(2, "b {} {}", "y", 1))
    assert shape(one) == shape(same) != shape(other)
    assert goal(one) == "a {}, then b the result {}"
    assert composite_name((step(1, "the {}", "x"), step(2, "to {}", 1))) == "the-then-to"
    assert part_of(Plan(steps=one), one[0]) == one[:1]


schemas = st.recursive(
    st.sampled_from(["str", "int", "float", "bool", "Literal['a', 'b']", "Literal[1, 2]"]),
    lambda inner: st.one_of(
        inner.map(lambda a: f"list[{a}]"),
        inner.map(lambda a: f"dict[str, {a}]"),
        inner.map(lambda a: f"{a} | None"),
        st.tuples(inner, inner).map(lambda a: f"tuple[{a[0]}, {a[1]}]"),
    ),
    max_leaves=4,
)


@given(schemas)
def test_annotations_come_back(text: str) -> None:
    reader = SchemaReader({})
    schema = reader.schema(ast.parse(text, mode="eval").body)
    assert reader.schema(ast.parse(annotation(schema), mode="eval").body) == schema

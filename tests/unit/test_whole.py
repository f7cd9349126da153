"""Goals of which a skill does only half get a second step."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import JsonValue

from skillweave.agent.nodes import whole as module
from skillweave.agent.nodes.whole import whole
from skillweave.agent.plan import Input, Literal, Plan, Ref, Step
from skillweave.skills.model import Parameter, Signature, Skill
from skillweave.skills.signature import signature_of

NUMBERS: dict[str, JsonValue] = {"type": "array", "items": {"type": "number"}}


def skill(name: str, description: str, takes: dict[str, JsonValue], gives: str) -> Skill:
    parameter = Parameter(name="x", type=str(takes["type"]), required=True, json_schema=takes)
    signature = Signature(function="f", parameters=(parameter,), returns={"type": gives})
    return Skill(name=name, description=description, kind="tool", signature=signature)


DIVISORS = skill("divisors", "List all divisors.", {"type": "integer"}, "array")
FREQUENT = skill("word-counts", "Count each word.", {"type": "string"}, "array")
MEAN = skill("mean", "The mean of numbers.", NUMBERS, "number")
HALVE = skill("halve", "Half of a number.", {"type": "number"}, "number")
ROWS = Skill(
    name="rows-above",
    description="Keep only some rows of a table.",
    kind="tool",
    signature=signature_of("def f(table: str, column: str, limit: float) -> str: ...", "f"),
)
LIBRARY = {"rows": ROWS, "divisor": DIVISORS, "word": FREQUENT, "average": MEAN, "halve": HALVE}


@pytest.fixture(autouse=True)
def _library(monkeypatch: pytest.MonkeyPatch) -> None:
    async def best_skill(step: Step, deps: Any) -> Skill | None:
        return next((one for word, one in LIBRARY.items() if word in step.goal), None)

    monkeypatch.setattr(module, "best_skill", best_skill)


async def done(*steps: tuple[str, Input]) -> list[str]:
    plan = Plan(
        steps=tuple(Step(id=n, goal=goal, inputs=(of,)) for n, (goal, of) in enumerate(steps, 3))
    )
    deps: Any = SimpleNamespace()
    return [f"#{step.id} {step.render()}" for step in (await whole(plan, deps)).steps]


async def test_a_count_of_what_is_a_list_is_a_step_and_what_follows_takes_the_count() -> None:
    assert await done(
        ("how many divisors has {}", Literal(text="360")), ("halve {}", Ref(step=3))
    ) == ["#3 how many divisors has 360", "#4 count the items of #3", "#5 halve #4"]


async def test_a_skill_that_counts_itself_is_enough() -> None:
    assert await done(("count each word of {}", Literal(text="a b a"))) == [
        "#3 count each word of a b a"
    ]


async def test_how_many_more_is_no_count() -> None:
    goal = "how many more divisors has {}"
    assert await done((goal, Literal(text="360"))) == ["#3 how many more divisors has 360"]


async def test_one_item_of_a_list_is_taken_by_its_place() -> None:
    assert await done(("the second divisor of {}", Literal(text="360"))) == [
        "#3 the second divisor of 360",
        "#4 the second item of #3",
    ]
    assert await done(("divisors of {} , largest first", Literal(text="360"))) == [
        "#3 divisors of 360 , largest first"
    ]


async def test_rows_of_a_table_are_counted() -> None:
    table = Literal(text="a,b\n1,2")
    assert await done(("how many rows above 1 {}", table)) == [
        "#3 how many rows above 1 a,b\n1,2",
        "#4 count the rows of #3",
    ]
    assert await done(("the first rows above 1 {}", table)) == [
        "#3 the first rows above 1 a,b\n1,2"
    ]


async def test_a_list_that_is_wanted_stays_one() -> None:
    assert await done(("list the divisors of {}", Literal(text="12"))) == [
        "#3 list the divisors of 12"
    ]


async def test_numbers_are_found_in_a_text_before_they_are_used() -> None:
    assert await done(("the average of {}", Literal(text="Mon 12, Tue 15, Wed 9"))) == [
        "#3 find the numbers in Mon 12, Tue 15, Wed 9",
        "#4 the average of #3",
    ]


@pytest.mark.parametrize("text", ["12, 15, 9", "[1, 2]", "Mon 12", '{"a": 1, "bb": 2}'])
async def test_other_values_are_used_as_they_are(text: str) -> None:
    assert await done(("the average of {}", Literal(text=text))) == [f"#3 the average of {text}"]


async def test_what_an_earlier_turn_gave_keeps_its_number() -> None:
    assert await done(("how many divisors has {}", Ref(step=2))) == [
        "#3 how many divisors has #2",
        "#4 count the items of #3",
    ]

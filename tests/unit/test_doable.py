"""Which steps of a plan the library could do."""

from __future__ import annotations

import pytest

from skillweave.agent.nodes.doable import takes
from skillweave.agent.plan import Literal, Step
from skillweave.skills.model import Parameter, Signature, Skill


def skill(*parameters: Parameter) -> Skill:
    return Skill(
        name="one",
        description="Does one thing.",
        kind="tool",
        signature=Signature(function="one", parameters=parameters),
    )


NUMBER = Parameter(name="number", type="number", required=True)
DIGITS = Parameter(name="digits", type="integer", required=False, default=0)
ITEMS = Parameter(name="items", type="array", required=True)


@pytest.mark.parametrize(
    ("parameters", "counts"),
    [((NUMBER,), {1}), ((NUMBER, DIGITS), {1, 2}), ((ITEMS,), {1, 2, 3, 4}), ((), {0})],
)
def test_how_many_values_a_skill_takes(parameters: tuple[Parameter, ...], counts: set[int]) -> None:
    def step(values: int) -> Step:
        inputs = tuple(Literal(text=str(n)) for n in range(values))
        return Step(id=1, goal="go" + values * " {}", inputs=inputs)

    assert {n for n in range(5) if takes(skill(*parameters), step(n))} == counts


def test_a_number_word_may_be_a_value() -> None:
    two = skill(NUMBER, NUMBER.model_copy(update={"name": "times"}))
    given = (Literal(text="7"),)
    assert takes(two, Step(id=1, goal="{} four times", inputs=given))
    assert not takes(two, Step(id=1, goal="{} many times", inputs=given))


def test_a_column_of_a_table_may_be_a_value() -> None:
    text = Parameter(name="table", type="string", required=True)
    of_table = skill(text, text.model_copy(update={"name": "column"}))
    given = (Literal(text="item,price\npen,2"),)
    assert takes(of_table, Step(id=1, goal="total price of {}", inputs=given))
    assert not takes(of_table, Step(id=1, goal="total of {}", inputs=given))

"""Which steps of a plan the library could do."""

from __future__ import annotations

import pytest

from skillweave.agent.nodes.doable import takes
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
    assert {n for n in range(5) if takes(skill(*parameters), n)} == counts


def test_a_skill_without_signature_takes_whatever_there_is() -> None:
    adapter = skill().model_copy(update={"signature": None})
    assert {n for n in range(4) if takes(adapter, n)} == {1, 2, 3}

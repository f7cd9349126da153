"""Words of a goal that are values."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from skillweave.agent.plan import Literal, Ref, Step
from skillweave.agent.spelled import spare_words, spelled_out
from skillweave.skills.model import Signature
from skillweave.skills.signature import signature_of

NTH = signature_of("def nth(items: list[str], position: int) -> str: ...", "nth")
REPEAT = signature_of("def repeat(text: str, times: int) -> str: ...", "repeat")
UPPER = signature_of("def upper(text: str) -> str: ...", "upper")
MEAN = signature_of("def mean(table: str, column: str) -> float: ...", "mean")
ABOVE = signature_of("def above(table: str, column: str, limit: float) -> str: ...", "above")
PRICES = "Book,Unit Price\nDune,9.99\nEmma,7.5"
TWO = "a,b\n1,2"
PLAIN = signature_of("def add(a: float, b: float) -> float: ...", "add")


@pytest.mark.parametrize(
    ("goal", "values", "signature", "spelled", "more"),
    [
        ("the second of {}", [["a", "b"]], NTH, "the {} of {}", ["second", ["a", "b"]]),
        ("{} four times in a row", ["ha"], REPEAT, "{} {} times in a row", ["ha", "four"]),
        ("{} , twice , as one text", ["ha"], REPEAT, "{} , {} , as one text", ["ha", "twice"]),
        ("the first letter of {} big", ["ha"], UPPER, "the first letter of {} big", ["ha"]),
        ("the first three of {}", ["ha"], REPEAT, "the first {} of {}", ["three", "ha"]),
        ("seven and eight", [], PLAIN, "{} and {}", ["seven", "eight"]),
        ("add two to {}", [["x"]], PLAIN, "add two to {}", [["x"]]),
        ("three times {}", ["ha", "2"], REPEAT, "three times {}", ["ha", "2"]),
        ("average unit price {}", [PRICES], MEAN, "average {} {}", ["Unit Price", PRICES]),
        ("{} of {}", ["Unit Price", PRICES], MEAN, "{} of {}", ["Unit Price", PRICES]),
        (
            "unit price {} or more {}",
            [8, PRICES],
            ABOVE,
            "{} {} or more {}",
            ["Unit Price", 8, PRICES],
        ),
        ("books above {} {}", [8, PRICES], ABOVE, "books above {} {}{}", [8, PRICES, "Unit Price"]),
        ("what {} cost", [PRICES], MEAN, "what {} cost{}", [PRICES, "Unit Price"]),
        ("what {} cost", [TWO], MEAN, "what {} cost", [TWO]),
        ("those of {} above {}", [TWO, 8], ABOVE, "those of {} above {}", [TWO, 8]),
        ("the book of {}", ["no table"], MEAN, "the book of {}", ["no table"]),
    ],
)
def test_they_are_values_where_parameters_need_them(
    goal: str, values: list[JsonValue], signature: Signature, spelled: str, more: list[JsonValue]
) -> None:
    slots = goal.count("{}")
    step = Step(id=2, goal=goal, inputs=(Ref(step=1),) * slots)
    got, all_values = spelled_out(step, values, signature)
    assert (got.goal, all_values) == (spelled, more)
    assert len(got.inputs) == spelled.count("{}")
    assert got.id == 2


def test_what_was_a_reference_stays_in_its_place() -> None:
    step = Step(id=2, goal="from {} take the third", inputs=(Ref(step=1),))
    got, _ = spelled_out(step, [["a", "b"]], NTH)
    assert got.inputs == (Ref(step=1), Literal(text="third"))


def test_only_whole_words_count() -> None:
    found = spare_words("The First of seven tenths, someone", [], PLAIN)
    assert [(word.value, word.orders) for word in found] == [("First", True), ("seven", False)]

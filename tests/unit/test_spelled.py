"""Words of a goal that are values."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from skillweave.agent.plan import Literal, Ref, Step
from skillweave.agent.spelled import columns_of, names_columns, spare_words, spelled_out
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
        ("mean of {} by {}", [PRICES, "Book"], MEAN, "mean of {} by {}", [PRICES, "Book"]),
        ("books {} above 8 in {}", [8, PRICES], ABOVE, "{} {} above 8 in {}", ["Book", 8, PRICES]),
        ("what {} cost", [PRICES], MEAN, "what {} cost{}", [PRICES, "Unit Price"]),
        ("what {} cost", [TWO], MEAN, "what {} cost", [TWO]),
        ("those above 8 {}", [8, PRICES], ABOVE, "those above 8 {}", [8, PRICES]),
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


@pytest.mark.parametrize("line", ["a,b c,d", "a; b c ;d", "a\tb c\td", "| a | b c | d |"])
def test_the_columns_of_a_table_are_read_from_its_first_line(line: str) -> None:
    assert columns_of(f"{line}\n1,2,3") == ["a", "b c", "d"]


def test_a_column_is_named_by_the_goal_or_by_another_value_where_a_table_is_wanted() -> None:
    assert names_columns("those with a unit price above 8", [PRICES], MEAN)
    assert names_columns("those with a {} above 8", [PRICES, "unit price"], MEAN)
    assert not names_columns("those above 8", [PRICES], MEAN)
    assert not names_columns("the unit price", ["no table"], MEAN)
    assert not names_columns("the unit price", [PRICES], UPPER)

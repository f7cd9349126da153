"""Tables as people write them."""

from __future__ import annotations

import pytest

from skillweave.agent.coerce import coerce_arguments
from skillweave.agent.tables import as_csv, columns_of_numbers, is_table, rows_of
from skillweave.skills.signature import signature_of

PRICES = "item,unit price,in stock\npen,$1.5,3\nink,4.25,none"
MARKDOWN = "| a | b c |\n|---|:-:|\n| 1 | 2 |"


@pytest.mark.parametrize(
    "text", ["a,b c\n1,2", "a; b c\n1 ;2", "a\tb c\n1\t2", "| a | b c |\n| 1 | 2 |", MARKDOWN]
)
def test_the_first_line_tells_by_what_cells_are_parted(text: str) -> None:
    assert rows_of(text) == [["a", "b c"], ["1", "2"]]
    assert as_csv(text) == "a,b c\n1,2"


def test_commas_within_a_cell_are_kept() -> None:
    assert rows_of('name,what\nAda,"a, b"') == [["name", "what"], ["Ada", "a, b"]]
    assert as_csv("name;what\nAda;a, b") == 'name,what\nAda,"a, b"'


def test_where_semicolons_part_cells_a_comma_is_the_decimal_point() -> None:
    assert as_csv("item;price\npen;1,50\nlot;1,2,3") == 'item,price\npen,1.50\nlot,"1,2,3"'


@pytest.mark.parametrize("text", ["", "word", "one line; of text", "a,b;c\n1,2;3", "no\nsigns"])
def test_what_is_no_other_table_is_left_alone(text: str) -> None:
    assert as_csv(text) == text


def test_columns_of_numbers() -> None:
    assert columns_of_numbers(["a,b,c\n1,x,2.5\n3,4,7"]) == ["a", "c"]
    assert columns_of_numbers(["no table", 7, ["a"]]) == []
    assert is_table(PRICES)
    assert not is_table("a, b and c")


def test_a_tool_gets_its_table_as_csv() -> None:
    total = signature_of("def total(table: str, column: str) -> float: ...", "total")
    given = coerce_arguments({"table": "a;b\n1;2", "column": "a;b"}, total)
    assert given == {"table": "a,b\n1,2", "column": "a;b"}

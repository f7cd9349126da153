"""Words of a request become the typed values a tool takes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from skillweave.agent.coerce import CoercionError, coerce, coerce_arguments
from skillweave.agent.lists import split_list
from skillweave.agent.numbers import parse_number
from skillweave.agent.schema import problem
from skillweave.skills.model import Parameter, Signature

NUMBERS: dict[str, JsonValue] = {"type": "array", "items": {"type": "number"}}
TEXTS: dict[str, JsonValue] = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-2.5", -2.5),
        ("1,200", 1200),
        ("1,234,567.5", 1234567.5),
        ("$99.90", 99.9),
        ("12%", 12),
        ("three", 3),
        ("Twenty-One", 21),
        ("three hundred and five", 305),
        ("two thousand twelve", 2012),
        ("a hundred", 100),
        ("minus four", -4),
        ("two point five", 2.5),
        ("2 million", 2_000_000),
        ("1/4", 0.25),
        ("3rd", 3),
        ("second", 2),
        ("1e3", 1000.0),
        ("half", 0.5),
    ],
)
def test_numbers_as_people_write_them(text: str, value: float) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "2024-03-05",
        "1,20",
        "two three",
        "one twenty",
        "and",
        "five and",
        "1e999",
        "12:30",
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("value", "schema", "typed"),
    [
        ("3, 8 and 12", NUMBERS, [3, 8, 12]),
        ("[3, 8]", NUMBERS, [3, 8]),
        ("3,8,12", NUMBERS, [3, 8, 12]),
        ("3 8 12", NUMBERS, [3, 8, 12]),
        ("1,200 and 3", NUMBERS, [1200, 3]),
        ("1,200, 30, and five", NUMBERS, [1200, 30, 5]),
        ("7", NUMBERS, [7]),
        (7, NUMBERS, [7]),
        ("pear, 'fig' and \"plum tree\"", TEXTS, ["pear", "fig", "plum tree"]),
        ("pear and fig", TEXTS, ["pear", "fig"]),
        ("pear; fig, dried; plum", TEXTS, ["pear", "fig, dried", "plum"]),
        ("a\nb\nc", TEXTS, ["a", "b", "c"]),
        ("['a', 'b']", TEXTS, ["a", "b"]),
        ("[[1, 2], [3, 4]]", {"type": "array", "items": NUMBERS}, [[1, 2], [3, 4]]),
        ("1, 2\n3, 4", {"type": "array", "items": NUMBERS}, [[1, 2], [3, 4]]),
        ('"hello there"', {"type": "string"}, "hello there"),
        ("“hello”", {"type": "string"}, "hello"),
        ("it's", {"type": "string"}, "it's"),
        ('"a" and "b"', {"type": "string"}, '"a" and "b"'),
        ("2024-03-05", {"type": "string"}, "2024-03-05"),
        (12.0, {"type": "string"}, "12"),
        ([1, "b"], {"type": "string"}, "1, b"),
        (3.0, {"type": "integer"}, 3),
        ("four", {"type": "integer"}, 4),
        ([5], {"type": "number"}, 5),
        ("Yes", {"type": "boolean"}, True),
        ("off", {"type": "boolean"}, False),
        ("DESCENDING", {"enum": ["ascending", "descending"]}, "descending"),
        ("2", {"enum": [1, 2]}, 2),
        ("none", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, None),
        ("3", {"anyOf": [{"type": "string"}, {"type": "number"}]}, 3),
        ("hello", {"anyOf": [TEXTS, {"type": "string"}]}, "hello"),
        ("[1]", {"anyOf": [NUMBERS, {"type": "string"}]}, [1]),
        ("3", {"type": ["integer", "null"]}, 3),
        ('{"a": "1"}', {"type": "object", "additionalProperties": {"type": "number"}}, {"a": 1}),
        ("a: 1, b: 2", {"type": "object"}, {"a": 1, "b": 2}),
        ("[1, 2]", {}, [1, 2]),
        ("12", {}, 12),
        ("three", {}, "three"),
    ],
)
def test_coerce(value: JsonValue, schema: dict[str, JsonValue], typed: JsonValue) -> None:
    found = coerce(value, schema)
    assert found == typed
    assert type(found) is type(typed)
    assert problem(found, schema) == ""


@pytest.mark.parametrize(
    ("value", "schema", "reason"),
    [
        ("apple", {"type": "number"}, "'apple' is not a number"),
        ("2.5", {"type": "integer"}, "'2.5' is not a whole number"),
        (True, {"type": "number"}, "not a number"),
        ("maybe", {"type": "boolean"}, "neither yes nor no"),
        ("3, x", NUMBERS, "'x' is not a number"),
        ("red", {"enum": ["up", "down"]}, "not one of up, down"),
        ("words", {"type": "object"}, "names and values"),
    ],
)
def test_coerce_says_what_is_wrong(
    value: JsonValue, schema: dict[str, JsonValue], reason: str
) -> None:
    with pytest.raises(CoercionError, match=reason):
        coerce(value, schema)


SIGNATURE = Signature(
    function="take",
    parameters=(
        Parameter(name="values", type="array", json_schema=NUMBERS),
        Parameter(name="count", type="integer", json_schema={"type": "integer"}, required=False),
    ),
)


def test_arguments_are_checked_by_name() -> None:
    assert coerce_arguments({"values": "1 and 2"}, SIGNATURE) == {"values": [1, 2]}
    with pytest.raises(CoercionError, match="count: 'x' is not a number"):
        coerce_arguments({"values": "1", "count": "x"}, SIGNATURE)
    with pytest.raises(CoercionError, match="take needs values"):
        coerce_arguments({}, SIGNATURE)
    with pytest.raises(CoercionError, match="take has no parameter limit"):
        coerce_arguments({"limit": 1}, SIGNATURE)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=6))
def test_lists_of_numbers_in_every_spelling(values: list[int]) -> None:
    texts = [str(value) for value in values]
    spellings = [json.dumps(values), ", ".join(texts), " ".join(texts), "\n".join(texts)]
    if len(texts) > 1:
        spellings.append(", ".join(texts[:-1]) + " and " + texts[-1])
    for text in spellings:
        assert coerce(text, NUMBERS) == values


@given(st.lists(st.from_regex(r"[b-z]{4,8}", fullmatch=True), min_size=2, max_size=6))
def test_split_list_keeps_every_item(items: list[str]) -> None:
    assert split_list(", ".join(items)) == items
    assert split_list("; ".join(items)) == items

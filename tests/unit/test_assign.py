"""Which value may go to which parameter."""

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from skillweave.agent.profiles.assign import (
    IMPOSSIBLE,
    MOST,
    NO_WAY,
    assignments,
    misfit,
    value_of,
)
from skillweave.skills.model import Signature
from skillweave.skills.signature import signature_of

ROUND = signature_of("def f(number: float, digits: int = 0) -> float: ...", "f")
REPEAT = signature_of("def f(text: str, times: int) -> str: ...", "f")
SUBTRACT = signature_of("def f(number: float, amount: float) -> float: ...", "f")
TOTAL = signature_of("def f(numbers: list[float]) -> float: ...", "f")
FIRST = signature_of("def f(items: list[str], number: int) -> list[str]: ...", "f")


def test_types_decide_where_they_can() -> None:
    assert assignments(["2.5", 1], ROUND) == ({"number": (0,), "digits": (1,)},)
    assert assignments([3, "ha"], REPEAT) == ({"times": (0,), "text": (1,)},)
    assert assignments(["3, 1, 2", "2"], FIRST) == ({"items": (0,), "number": (1,)},)


def test_what_types_leave_open_is_listed() -> None:
    assert len(assignments([5, 3], SUBTRACT)) == 2


def test_values_are_gathered_into_a_list() -> None:
    (way,) = assignments([1, 2, 3], TOTAL)
    assert value_of(way["numbers"], [1, 2, 3]) == [1, 2, 3]
    assert value_of((0,), ["3, 1"]) == "3, 1"


def test_a_skill_that_cannot_take_the_values_suits_badly() -> None:
    same = signature_of("def f(table: str, column: str, value: str) -> str: ...", "f")
    above = signature_of("def f(table: str, column: str, limit: float) -> str: ...", "f")
    digits = signature_of("def f(text: str) -> int: ...", "f")
    assert misfit(["a,b\n1,2", "a", "28"], above) == 0.0 < misfit(["a,b\n1,2", "a", "28"], same)
    assert misfit(["a,b\n1,2", "a", "x"], same) == 0.0 < misfit(["a,b\n1,2", "a", "x"], above)
    assert misfit(["101"], digits) == 0.0 < misfit([["a", "b"]], digits)
    assert misfit([1], SUBTRACT) == misfit([1, 2, 3], SUBTRACT) == NO_WAY


def test_a_value_that_nothing_takes_makes_it_impossible() -> None:
    assert misfit(["a,b\n1,2"], TOTAL) == IMPOSSIBLE > NO_WAY
    words = signature_of("def f(items: list[str]) -> list[str]: ...", "f")
    assert misfit(["a,b\n1,2"], words) == misfit(["a,b\n1,2", "a"], words) == NO_WAY


def test_there_may_be_no_way() -> None:
    assert assignments([1], SUBTRACT) == ()
    assert assignments(["no number", 1], SUBTRACT) == ()
    assert assignments([1, 2, 3], SUBTRACT) == ()


@given(st.lists(st.one_of(st.integers(), st.text(max_size=5)), max_size=5))
def test_every_way_uses_each_value_once(values: list[JsonValue]) -> None:
    for signature in (ROUND, REPEAT, SUBTRACT, TOTAL, FIRST):
        ways = assignments(values, signature)
        assert len(ways) <= MOST
        for way in ways:
            assert sorted(i for chosen in way.values() for i in chosen) == list(range(len(values)))
            assert all(p.name in way for p in signature.parameters if p.required)


def test_a_value_goes_where_its_like_is_wanted() -> None:
    table = signature_of("def f(table: str) -> str: ...", "f")
    json = signature_of("def f(json_text: str) -> str: ...", "f")
    many = signature_of("def f(items: list[str]) -> str: ...", "f")
    suits: tuple[tuple[JsonValue, Signature, Signature], ...] = (
        ("a,b\n1,2\n3,4", table, json),
        ('[{"a": 1}]', json, table),
        (["x", "y"], many, table),
        ("x, y", many, json),
    )
    for value, good, bad in suits:
        assert misfit([value], good) == 0.0 < misfit([value], bad)
    assert misfit(["a,b\n1,2\n3,4"], many) > 0.0
    assert misfit([7], many) > 0.0

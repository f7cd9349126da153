"""What in a request may be a value for a tool that nano never read of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillweave.agent.mentions import Mention, clauses, mentions, pieces, stem, stems


def told(request: str, said: str = "") -> list[tuple[str, str]]:
    return [(one.sort, one.text) for one in mentions(request, stems(said))]


@pytest.mark.parametrize(
    ("request_", "sort", "text"),
    [
        ("is it going to rain in Porto", "name", "Porto"),
        ("Is The Copper Ladle open?", "name", "The Copper Ladle"),
        ("Who wrote Lord of the Rings?", "name", "Lord of the Rings"),
        ("turn on the light in the dining room", "words", "dining room"),
        ("a table for three people", "number", "three"),
        ("Book it for Friday at 10:00", "when", "Friday at 10:00"),
        ("Remind me at 9 am tomorrow", "when", "9 am tomorrow"),
        ("flights on 3 March.", "when", "3 March"),
        ("the path in July", "when", "July"),
        ("text Ann that 'I am late'", "text", "'I am late'"),
        ("move the chords Am, F and C up", "list", "Am, F, C"),
        ("scores of 8.5 and 6.0", "list", "8.5, 6.0"),
        ("a 4.7 ohm and a 10 ohm resistor", "list", "4.7, 10"),
        ("how far is it between Oslo and Athens", "list", "Oslo, Athens"),
        ("how far is it between Oslo and Athens", "name", "Oslo"),
        ("my flight is KL1234 from here", "name", "KL1234"),
        ('the keys of {"a": 1}', "data", '{"a": 1}'),
        ("radius 2, 3.5 and -4", "number", "3.5"),
        ("radius 2, 3.5 and -4", "number", "-4"),
        ('the words "window", "alcohol" and "knife"', "text", "alcohol"),
        ("rain on Friday, Saturday", "when", "Friday"),
    ],
)
def test_values_are_found(request_: str, sort: str, text: str) -> None:
    assert (sort, text) in told(request_)


@pytest.mark.parametrize(
    ("request_", "said", "text"),
    [
        ("What is the weather in Porto?", "the weather of a city", "weather"),
        ("We're looking for something", "", "We're"),
        ("I just ate 80 grams of salmon", "", "ate"),
        ("Could you show me what there is?", "", "show"),
        ("may I see it", "", "may"),
        ("it takes 6 litres per 100 km", "", "100"),
        ("rain on Friday, Saturday", "", "Friday, Saturday"),
    ],
)
def test_grammar_what_one_does_and_the_tools_own_words_are_no_values(
    request_: str, said: str, text: str
) -> None:
    assert text not in [found for _, found in told(request_, said)]


def test_a_name_keeps_the_words_that_the_tool_says_as_well() -> None:
    assert told("Who won the Northern League?", "the winner of a league") == [
        ("words", "won"),
        ("name", "Northern League"),
    ]


def test_the_first_word_of_a_sentence_is_no_name_for_its_capital() -> None:
    found = told("Send Uncle Piet a card")
    assert ("name", "Uncle Piet") in found
    assert ("words", "Send") not in found
    assert ("words", "Casablanca") in told("Casablanca in Leeds")


@pytest.mark.parametrize(
    ("one", "other"),
    [("squares", "square"), ("cities", "city"), ("reserved", "reserve"), ("Tom's", "tom")],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_the_words_of_a_functions_name_count() -> None:
    assert stems("pages_per_day") == ["pag", "da"]
    assert stems("maxPrice of it") == ["max", "pric"]


@given(st.text(max_size=120), st.sampled_from(["", "a tool for words of a text"]))
def test_every_mention_stands_in_the_request(request_: str, said: str) -> None:
    found = mentions(request_, stems(said))
    assert found == mentions(request_, stems(said))
    for one in found:
        assert isinstance(one, Mention)
        assert 0 <= one.start < one.end <= len(request_)
        if one.sort != "list":
            assert one.text == request_[one.start : one.end]
    ends = [piece.end for piece in pieces(request_)]
    assert ends == sorted(ends)


@pytest.mark.parametrize(
    ("request_", "parts"),
    [
        ("the weather in Rome", ["the weather in Rome"]),
        ("the weather in Rome and in Oslo", ["the weather in Rome", "in Oslo"]),
        (
            "Heat the bath to 23. Then call Ann, and also Tom!",
            ["Heat the bath to 23", "call Ann", "Tom!"],
        ),
        ("Is it 3.5 km? Or 4?", ["Is it 3.5 km", "Or 4?"]),
        ("Text Ann 'I am late. And tired'.", ["Text Ann 'I am late. And tired'."]),
        ("", []),
    ],
)
def test_a_request_is_cut_between_its_parts_but_not_in_a_value(
    request_: str, parts: list[str]
) -> None:
    assert [request_[one.start : one.end].strip() for one in clauses(request_)] == parts


def test_what_is_told_beside_a_request_asks_for_nothing() -> None:
    request = (
        "I'm off to Rome on Friday. My sister lives in Oslo. Is it warm? I need a hotel. The rent"
    )
    assert [one.asks for one in clauses(request)] == [False, False, True, True, True]

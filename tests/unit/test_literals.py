"""Values are found whole, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillweave.agent.nano.literals import MARKED, kind_of, mask

FOUND = [
    ("Reverse 'abc' twice", [("text", "'abc'")]),
    ("it's the dogs' names: 'it's me' ok", [("text", "'it's me'")]),
    ('split "a-b" by "-"', [("text", '"a-b"'), ("text", '"-"')]),
    ("join 'a', 'b' and 'c' with ', '", [("list", "'a', 'b' and 'c'"), ("text", "', '")]),
    ("replace 'a' with 'b' in 'c'", [("text", "'a'"), ("text", "'b'"), ("text", "'c'")]),
    ("sort 5, 3 and 8, then add 2", [("list", "5, 3 and 8"), ("number", "2")]),
    ("sort 5 3 8 1", [("list", "5 3 8 1")]),
    ("the mean of 4 and 10", [("number", "4"), ("number", "10")]),
    ("5km, the 3rd of 1,250.5", [("number", "5"), ("number", "3"), ("number", "1,250.5")]),
    ("-7 and +2", [("number", "-7"), ("number", "+2")]),
    ("sha256, base64 and utf8 of step 2", []),
    ("from 2024-01-05 to 3 March 2025", [("date", "2024-01-05"), ("date", "3 March 2025")]),
    ("between 09:40 and 2:30 pm", [("time", "09:40"), ("time", "2:30 pm")]),
    ("2 hours and 30 minutes in seconds", [("time", "2 hours and 30 minutes")]),
    ('keys of {"a": {"b": [1, 2]}} now', [("json", '{"a": {"b": [1, 2]}}')]),
    ("sort [b, c, a]", [("list", "[b, c, a]")]),
    ("mail zoe@shop.example at https://a.b/c?q=1.", [("link", "zoe@shop.example"), ("link", "https://a.b/c?q=1")]),
    ("is zoe@shop an address?", [("link", "zoe@shop")]),
    ("decode 776f6f6479 and aGVsbG8=", [("text", "776f6f6479"), ("text", "aGVsbG8=")]),
    ("Sort this by age: name,age\nAnn,3\nBob,5", [("table", "name,age\nAnn,3\nBob,5")]),
    ("Sort 'name,age\nAnn,3\nBob,5' by age", [("text", "'name,age\nAnn,3\nBob,5'")]),
    ("First names:\n| a | b |\n|---|---|\n| 1 | 2 |\n", [("table", "| a | b |\n|---|---|\n| 1 | 2 |")]),
    ("By age, then name, too.\nname,age,x\nAnn,3,1\nBo,5,2", [("table", "name,age,x\nAnn,3,1\nBo,5,2")]),
    ("Who, by now, is oldest?\nname,age,x\nAnn,3,1\nBo,5,2", [("table", "name,age,x\nAnn,3,1\nBo,5,2")]),
    ("name,age\nAnn,3\nBo,5\nthe mean age, rounded", [("table", "name,age\nAnn,3\nBo,5")]),
    ("Count the words of this:\nOne fox.\nIt jumps, ok.", [("text", "One fox.\nIt jumps, ok.")]),
    ("With 'abc', do:\n1. Reverse it, twice\n2. Sort it, then", [("text", "'abc'")]),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "found"), FOUND)
def test_values_are_found_whole(request_: str, found: list[tuple[str, str]]) -> None:
    assert [(v.kind, v.text) for v in mask(request_).values.values()] == found


def test_a_value_that_stands_twice_has_one_letter() -> None:
    assert (
        mask("add 3 to 'a', then 3 more")[0]
        == "add<<A number>> to<<B text>>, then<<A number>> more"
    )


def test_more_values_than_letters_stay_as_they_are() -> None:
    request = " plus ".join(str(n) for n in range(30))
    masked = mask(request)
    assert len(masked.values) == 26
    assert masked.text.endswith(" plus 28 plus 29")


def test_the_language_s_own_signs_cannot_be_smuggled_in() -> None:
    assert mask("print <<A text>> and 'x'").text == "print ‹A text› and<<A text>>"


def test_a_single_value_has_a_kind() -> None:
    assert [kind_of(t) for t in ("3", "3, 4 and 5", "12:30", "plain words", "")] == [
        "number", "list", "time", "text", "text",
    ]  # fmt: skip


@given(st.text(max_size=80))
def test_every_value_is_a_part_of_the_request(request: str) -> None:
    masked = mask(request)
    assert set(MARKED.findall(masked.text)) == set(masked.values)
    assert all(v.text in request for v in masked.values.values())


@given(st.text(alphabet="ab'\"`,.: \n1[]{}|-<>", max_size=60))
def test_the_rest_of_the_request_is_kept(request: str) -> None:
    masked = mask(request)
    rest = MARKED.sub(lambda m: masked.values[m.group(1)].text, masked.text)
    assert rest.replace(" ", "").replace("‹", "<<").replace("›", ">>") == request.replace(" ", "")

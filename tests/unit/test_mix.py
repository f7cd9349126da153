"""Mix expressions: what they mean, how they print, what is wrong with a wrong one and where."""

from __future__ import annotations

import pickle
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from skillweave.skills import gates, parse_mix
from skillweave.skills.errors import MixError, UserError
from skillweave.skills.mix import MAX_TERMS, MAX_WEIGHT, Mix, Term

A, B = "a" * 64, "b" * 64

names = st.from_regex(r"[a-z0-9]{1,4}(-[a-z0-9]{1,4})?", fullmatch=True)
versions = st.none() | st.text("0123456789abcdef", min_size=4, max_size=64)
weights = st.floats(-MAX_WEIGHT, MAX_WEIGHT)
terms = st.lists(
    st.builds(Term, name=names, version=versions, weight=weights),
    min_size=1,
    max_size=8,
    unique_by=lambda term: term.reference,
).map(tuple)
options = st.fixed_dictionaries(
    {}, optional={"top": st.integers(1, 32).map(float), "temperature": st.floats(0.001, 1000)}
)
sums = st.builds(Mix, terms=terms)
mixes = sums | st.builds(Mix, terms=terms, gate=st.just("arrow"), options=options)
garbage = st.text() | st.text("ab1-+:,;@()=. eE" + string.digits) | mixes.map(str)


@given(mixes)
def test_what_is_printed_is_read_back(mix: Mix) -> None:
    assert parse_mix(str(mix)) == mix
    assert parse_mix(str(mix.canonical())) == mix.canonical()


@given(mixes)
def test_the_canonical_form_is_its_own(mix: Mix) -> None:
    assert mix.canonical().canonical() == mix.canonical()


@given(mixes, st.data())
def test_the_order_of_terms_does_not_matter(mix: Mix, data: st.DataObject) -> None:
    shuffled = tuple(data.draw(st.permutations(mix.terms)))
    other = Mix(terms=shuffled, gate=mix.gate, options=mix.options)
    assert other.canonical() == mix.canonical()
    known = {term.reference: f"{index:064x}" for index, term in enumerate(mix.terms)}
    assert other.resolved(known).digest == mix.resolved(known).digest


@given(mixes, st.data())
def test_different_weights_have_different_digests(mix: Mix, data: st.DataObject) -> None:
    weight = data.draw(weights.filter(lambda w: w != mix.terms[0].weight))
    first = Term(name=mix.terms[0].name, version=mix.terms[0].version, weight=weight)
    other = Mix(terms=(first, *mix.terms[1:]), gate=mix.gate, options=mix.options)
    known = {term.reference: f"{index:064x}" for index, term in enumerate(mix.terms)}
    assert other.resolved(known).digest != mix.resolved(known).digest


@given(garbage)
def test_garbage_is_a_mix_or_a_mix_error(text: str) -> None:
    try:
        mix = parse_mix(text)
    except MixError as error:
        assert 1 <= error.column <= len(text) + 1
        assert "\n" not in str(error)
        assert len(str(error)) < 250
    else:
        assert parse_mix(str(mix)) == mix


@given(mixes, st.data())
def test_a_damaged_expression_says_where(mix: Mix, data: st.DataObject) -> None:
    text = str(mix)
    at = data.draw(st.integers(0, len(text)))
    damaged = text[:at] + "!" + text[at:]
    with pytest.raises(MixError) as caught:
        parse_mix(damaged)
    assert caught.value.column <= at + 1


@pytest.mark.parametrize(
    ("text", "printed", "canonical"),
    [
        ("a", "a", "a"),
        (" b:0.70 +a : -0.3 ", "b:0.7+a:-0.3", "a:-0.3+b:0.7"),
        ("a:1", "a", "a"),
        ("a:-0", "a:0", "a:0"),
        ("a:+.5e1+b:1e-7", "a:5+b:1e-07", "a:5+b:1e-07"),
        ("a@12ab:2+a", "a@12ab:2+a", "a+a@12ab:2"),
        ("arrow( c, a:2 ,b )", "arrow(c,a:2,b)", "arrow(a:2,b,c;temperature=1,top=3)"),
        ("arrow(b;top=2,temperature=0.5)", "arrow(b;top=2,temperature=0.5)", None),
        ("constant(a:0.7,b)", "a:0.7+b", "a:0.7+b"),
        ("arrow", "arrow", "arrow"),
    ],
)
def test_forms(text: str, printed: str, canonical: str | None) -> None:
    mix = parse_mix(text)
    assert str(mix) == printed
    assert str(mix.canonical()) == (canonical or "arrow(b;temperature=0.5,top=2)")


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "the name of a skill is missing"),
        ("a+", 3, "the name of a skill is missing"),
        ("a++b", 3, "the name of a skill is missing"),
        ("Formal+b", 1, "not a skill's name"),
        ("a+../etc", 3, "not a skill's name"),
        ("a:x", 3, "the weight is not a number"),
        ("a:nan", 3, "the weight is not a number"),
        ("a:0.5b", 3, "the weight is not a number"),
        ("a:\u0663", 3, "the weight is not a number"),
        ("a:1e999", 3, "the weight is too large"),
        ("a:-1001", 3, "the weight is too large"),
        ("a@", 3, "not a version"),
        ("a@xyz1", 3, "not a version"),
        ("a b", 3, "not expected"),
        ("a,b", 2, "not expected"),
        ("a+b+a", 5, "the same adapter once more"),
        ("(a+b):2", 1, "a bracket without a gate"),
        ("a+arrow(b,c)", 3, "a mix inside a mix"),
        ("arrow(a,arrow(b,c))", 9, "a mix inside a mix"),
        ("arrow(a,(b+c))", 9, "a mix inside a mix"),
        ("arrow(a,b)+c", 11, "something after the gate"),
        ("arrow(a+b)", 8, "not expected"),
        ("arrow(a,b", 10, "ends too early"),
        ("arrow(a;", 9, "not an option"),
        ("arrow(a;topp=2)", 9, "not an option"),
        ("arrow(a;top)", 12, "not expected"),
        ("arrow(a;top=2,top=3)", 15, "the same option once more"),
        ("arrow(a;top=0)", 13, "out of range"),
        ("arrow(a;top=1.5)", 13, "out of range"),
        ("arrow(a;top=1e999)", 13, "out of range"),
        ("arrow(a;temperature=0)", 21, "out of range"),
        ("constant(a;top=1)", 12, "not an option"),
        ("phatgoose(a,b)", 1, "no gate of that name"),
    ],
)
def test_errors_say_where(text: str, column: int, says: str) -> None:
    with pytest.raises(MixError) as caught:
        parse_mix(text)
    assert caught.value.column == column
    assert says in caught.value.reason
    assert str(caught.value).startswith(f"mix, column {column}: ")
    assert f"{text[: column - 1][-24:]}^{text[column - 1 :][:24]}" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "+".join(f"skill-{i}" for i in range(1000)),
        f"arrow({','.join(f's{i}' for i in range(1000))})",
        "+".join(f"a-rather-long-name-of-a-skill-{i}:0.001" for i in range(1000)),
        "arrow(" * 1000,
        "a" * 1_000_000,
    ],
)
def test_much_too_long_is_one_short_line_at_once(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(MixError) as caught:
        parse_mix(text)
    assert time.perf_counter() - began < 0.5
    assert len(str(caught.value)) < 250
    assert "\n" not in str(caught.value)


def test_as_many_adapters_as_allowed() -> None:
    assert len(parse_mix("+".join(f"s{i}" for i in range(MAX_TERMS))).terms) == MAX_TERMS
    with pytest.raises(MixError, match="more than 32 adapters"):
        parse_mix("+".join(f"s{i}" for i in range(MAX_TERMS + 1)))


def test_versions_make_the_name_stable() -> None:
    mix = parse_mix("b:0.3+a@aaaa")
    assert not mix.is_resolved
    with pytest.raises(MixError, match=r"column 1: 'b': no version"):
        _ = mix.digest
    exact = mix.resolved({"a@aaaa": A, "b": B})
    assert exact.is_resolved
    assert str(exact) == f"b@{B}:0.3+a@{A}"
    assert exact.digest == parse_mix(f"a@{A}+b@{B}:0.3").digest
    assert exact.digest != mix.resolved({"a@aaaa": A, "b": A[:-1] + "0"}).digest


def test_defaults_are_part_of_the_digest() -> None:
    assert parse_mix(f"arrow(a@{A})").digest == parse_mix(f"arrow(a@{A};top=3)").digest
    assert parse_mix(f"arrow(a@{A})").digest != parse_mix(f"arrow(a@{A};top=2)").digest
    assert parse_mix(f"arrow(a@{A})").digest != parse_mix(f"a@{A}").digest


def test_one_version_under_two_names_is_refused() -> None:
    mix = parse_mix("arrow(b,a,a@aaaa)")
    with pytest.raises(MixError, match=r"column 11: 'a@aaaa': the same adapter once more"):
        mix.resolved({"a": A, "a@aaaa": A, "b": B})
    with pytest.raises(MixError, match="column 9: 'a': no version of it is known"):
        mix.resolved({"a@aaaa": A, "b": B})


@pytest.mark.parametrize(
    ("text", "single"), [("a", True), ("a@12ab", True), ("a:2", False), ("arrow(a)", False)]
)
def test_one_adapter_as_it_is(text: str, single: bool) -> None:
    assert parse_mix(text).is_single is single


@pytest.mark.parametrize(
    "wrong",
    [
        {"terms": ()},
        {"terms": ({"name": "a"}, {"name": "a", "weight": 2})},
        {"terms": ({"name": "A"},)},
        {"terms": ({"name": "a", "version": "x"},)},
        {"terms": ({"name": "a", "weight": float("inf")},)},
        {"terms": ({"name": "a"},), "options": {"top": 1}},
        {"terms": ({"name": "a"},), "gate": "arrow", "options": {"top": 1.5}},
        {"terms": ({"name": "a"},), "nested": ()},
    ],
)
def test_a_wrong_value_is_refused_too(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Mix.model_validate(wrong)


def test_a_mix_is_a_value() -> None:
    mix = parse_mix("arrow(a,b:2;top=1)")
    assert pickle.loads(pickle.dumps(mix)) == mix  # noqa: S301 - our own bytes
    assert Mix.model_validate_json(mix.model_dump_json()) == mix
    assert len({mix, parse_mix("arrow(a,b:2;top=1)"), parse_mix("a")}) == 2
    with pytest.raises(ValidationError):
        mix.gate = "constant"  # type: ignore[misc]


def test_the_options_in_the_tests_are_those_of_the_gate() -> None:
    assert set(gates.get("arrow").options) == {"top", "temperature"}
    with pytest.raises(UserError, match="arrow, constant"):
        gates.get("nothing")

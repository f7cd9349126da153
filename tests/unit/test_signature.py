"""Signatures are read from source text; the source never runs."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from skillweave.skills import Case, Signature, SkillFormatError, public_functions, signature_of
from skillweave.skills.annotations import union
from skillweave.skills.docstring import parameter_notes
from skillweave.skills.signature import cases_of, check_fully_typed


def schema(annotation: str, before: str = "") -> JsonValue:
    """The JSON Schema of one parameter with this annotation."""
    source = f"{before}\ndef f(x: {annotation}) -> str:\n    return ''\n"
    return dict(signature_of(source, "f").parameters[0].json_schema)


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("str", {"type": "string"}),
        ("int", {"type": "integer"}),
        ("float", {"type": "number"}),
        ("bool", {"type": "boolean"}),
        ("None", {"type": "null"}),
        ("list", {"type": "array"}),
        ("dict", {"type": "object"}),
        ("Any", {}),
        ("list[int]", {"type": "array", "items": {"type": "integer"}}),
        (
            "list[list[float]]",
            {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
        ),
        (
            "dict[str, list[str]]",
            {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            },
        ),
        ("typing.Sequence[str]", {"type": "array", "items": {"type": "string"}}),
        ("tuple[int, ...]", {"type": "array", "items": {"type": "integer"}}),
        (
            "tuple[int, str]",
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        ("Literal['a', 'b']", {"type": "string", "enum": ["a", "b"]}),
        ("Literal[1, 'b', None]", {"enum": [1, "b", None]}),
        ("Literal[-1, 1]", {"type": "integer", "enum": [-1, 1]}),
        ("int | None", {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        ("Optional[int]", {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        ("int | float", {"type": "number"}),
        (
            "Union[int, str, None]",
            {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]},
        ),
        ("'list[int]'", {"type": "array", "items": {"type": "integer"}}),
        ("Annotated[int, 'years']", {"type": "integer"}),
        ("int | Any", {}),
    ],
)
def test_types(annotation: str, expected: JsonValue) -> None:
    assert schema(annotation) == expected


def test_the_modules_own_type_names_are_resolved() -> None:
    before = "Number = int | float\nRow: TypeAlias = list[Number]\n"
    assert schema("Row", before) == {"type": "array", "items": {"type": "number"}}


@pytest.mark.parametrize(
    "annotation", ["date", "np.ndarray", "set[int]", "dict[int, str]", "bytes", "Callable[[], int]"]
)
def test_types_that_json_cannot_hold(annotation: str) -> None:
    with pytest.raises(SkillFormatError, match="that JSON cannot hold") as caught:
        schema(annotation)
    assert caught.value.line == 2
    assert "use str, int" in caught.value.remedy


def test_a_type_defined_by_itself_ends() -> None:
    with pytest.raises(SkillFormatError, match="nested too deeply"):
        schema("Tree", "Tree = list['Tree']\n")


def test_a_whole_signature() -> None:
    source = '''
LIMIT = 10

def find(text: str, *, words: list[str] = [], limit: int = LIMIT, tag: str = None,
         shift: tuple[int, int] = (-1, 2)) -> dict[str, int]:
    """
    Find words in a text.

    More about it.

    Args:
        text: Where to look,
            over several lines.
        words (list[str]): What to look for.
            Note: they are lower case.
        limit: At most so many.

    Returns:
        tag: this is no parameter
    """
    return {}
'''
    signature = signature_of(source, "find")
    assert signature.text() == (
        "find(text: string, words: array = [], limit: integer = 10, tag: string = None, "
        "shift: array = [-1, 2])"
    )
    assert signature.summary == "Find words in a text."
    assert signature.returns == {"type": "object", "additionalProperties": {"type": "integer"}}
    notes = {p.name: p.description for p in signature.parameters}
    assert notes == {
        "text": "Where to look, over several lines.",
        "words": "What to look for. Note: they are lower case.",
        "limit": "At most so many.",
        "tag": "",
        "shift": "",
    }
    assert signature.json_schema()["required"] == ["text"]
    assert Signature.model_validate_json(signature.model_dump_json()) == signature


def test_sphinx_notes() -> None:
    assert parameter_notes(":param a: first\n:param int b: second\n:returns: c") == {
        "a": "first",
        "b": "second",
    }


def test_public_functions() -> None:
    source = "def b(): ...\ndef _c(): ...\ndef a(): ...\nclass D:\n    def e(self): ...\n"
    assert public_functions(source) == ("b", "a")
    assert public_functions("__all__ = ['a']\n" + source) == ("a",)


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("x = 1\n", 1, "no function 'f'"),
        ("class A:\n    def f(self): ...\n", 1, "no function 'f'"),
        ("\nasync def f(x: int) -> int: ...\n", 2, "f is async"),
        ("\ndef f(x) -> int: ...\n", 2, "parameter 'x' of f has no type"),
        ("\ndef f(*args: int) -> int: ...\n", 2, r"f takes \*args"),
        ("\ndef f(\n    **more: int) -> int: ...\n", 3, r"f takes \*more"),
        ("\ndef f(x: int, /) -> int: ...\n", 2, "positional-only"),
        ("\ndef f(x: int = len('a')) -> int: ...\n", 2, "default of parameter 'x'"),
        ("\ndef f(x: float = 1e999) -> int: ...\n", 2, "default of parameter 'x'"),
        ("\ndef f() -> Decimal: ...\n", 2, "the result of f has the type Decimal"),
        ("x = 1\ndef f(:\n", 2, "not valid Python"),
        ("def f():\nreturn 1\n", 2, "not valid Python"),
        ("def f(): return 1\0", 1, "not (valid|readable as) Python"),
        ("def f(x: " + "int | " * 900 + "int) -> str: ...", 1, "nested too deeply"),
        ("def f(x: int = " + "1 + " * 900 + "1j) -> str: ...", 1, "default of parameter 'x'"),
        ("(" * 5000, 1, "not (valid|readable as) Python"),
        ("x = " + "-" * 200_000 + "1", 1, "not (valid|readable as) Python"),
        ("#" * 1_100_000, 1, "more than 1 MB"),
    ],
)
def test_refusals(source: str, line: int, reason: str) -> None:
    with pytest.raises(SkillFormatError, match=reason) as caught:
        signature_of(source, "f", file=Path("dir/tool.py"))
    assert caught.value.line == line
    assert str(caught.value).startswith(f"dir/tool.py:{line}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_result_type() -> None:
    source = "def f(x: int):\n    return x\n"
    assert signature_of(source, "f").returns == {}
    with pytest.raises(SkillFormatError, match=r"tool\.py:1: f has no return type"):
        check_fully_typed(source, "f")


def test_odd_escapes_raise_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert public_functions("def f() -> str:\n    return '\\d'\n") == ("f",)


def test_doctest_examples_become_cases() -> None:
    source = r'''
def f(x: int, y: int = 1) -> list[int]:
    """Do.

    >>> f(1)
    [1, 1]
    >>> f(1, y=-2)
    [1, -2]
    >>> f(x=3)  # a comment
    (3, 1)
    >>> f('a')
    Traceback (most recent call last):
        ...
    ValueError: no number
    >>> f(1) == [1, 1]
    True
    >>> z = f(1)
    >>> f(z)
    [1]
    >>> f(2)  # doctest: +ELLIPSIS
    [...]
    >>> other(1)
    2
    >>> f(1, 2, 3)
    1
    >>> f(**{'x': 1})
    1
    >>> f(5)
    <object>
    """
    return [x, y]
'''
    assert cases_of(source, "f") == (
        Case(arguments={"x": 1}, expected=[1, 1]),
        Case(arguments={"x": 1, "y": -2}, expected=[1, -2]),
        Case(arguments={"x": 3}, expected=[3, 1]),
        Case(arguments={"x": "a"}, raises="ValueError"),
    )


def test_a_malformed_doctest_gives_no_cases() -> None:
    assert cases_of('def f() -> int:\n    """\n    >>>f()\n    1\n    """\n', "f") == ()


@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        public_functions(text)
    except SkillFormatError as error:
        assert "\n" not in str(error)
        assert error.line is not None


@given(st.lists(st.sampled_from(["integer", "number", "string", "null"]), min_size=1, max_size=5))
def test_a_union_is_flat_and_has_no_member_twice(types: list[str]) -> None:
    joined = union([{"type": name} for name in types])
    assert union([joined, joined]) == joined
    members = joined.get("anyOf", [joined])
    assert isinstance(members, list)
    kept = {"number" if name == "integer" and "number" in types else name for name in types}
    assert {member["type"] for member in members if isinstance(member, dict)} == kept
    assert len(members) == len(kept)

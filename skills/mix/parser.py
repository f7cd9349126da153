"""The grammar of mix expressions, and the parser for it.

::

    mix    = sum | gated
    sum    = term *( "+" term )
    gated  = gate "(" term *( "," term ) [ ";" option *( "," option ) ] ")"
    term   = skill [ "@" version ] [ ":" weight ]
    option = name "=" number

Spaces may stand between the parts. There is no nesting: a mix is one flat list of adapters. An
adapter that stands twice is refused, not added up, because it is nearly always a slip.
"""

from __future__ import annotations

import re
from typing import Final

from skillweave.skills import gates
from skillweave.skills.errors import MixError
from skillweave.skills.mix.model import (
    MAX_TERMS,
    VERSION,
    VERSION_RULE,
    WEIGHT_RULE,
    Mix,
    Term,
    is_weight,
)
from skillweave.skills.names import NAME_RULE, is_name

MAX_TEXT: Final = 16_384
_SPACE: Final = re.compile(r" *")
_WORD: Final = re.compile(r"[^ +:,;@()=]*")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![^ +,;)])")
_FLAT: Final = "write one flat list of adapters"


def parse_mix(text: str) -> Mix:
    """The mix that an expression names; a single skill's name is the mix of that one adapter.

    >>> mix = parse_mix("formal-tone:0.7 + medical@9f2c:-0.3")
    >>> mix.terms[1]
    Term(name='medical', version='9f2c', weight=-0.3)
    >>> print(parse_mix("arrow(law, code; top=1)").canonical())
    arrow(code,law;temperature=1,top=1)

    Raises:
        MixError: it is none; the message says where and what to do.
    """
    if len(text) > MAX_TEXT:
        raise MixError(
            text,
            MAX_TEXT + 1,
            f"{len(text)} characters",
            remedy=f"mix at most {MAX_TERMS} adapters",
        )
    return _Parser(text).mix()


class _Parser:
    """Reads one expression from left to right."""

    def __init__(self, text: str):
        self._text = text
        self._at = 0
        self._terms: dict[str, Term] = {}

    def mix(self) -> Mix:
        start = self._skip()
        word = self._take(_WORD)
        self._skip()
        if self._next("("):
            return self._gated(word, start)
        self._at = start
        self._list_of_terms("+")
        if self._at < len(self._text):
            raise self._unexpected("put '+' between adapters")
        return Mix(terms=tuple(self._terms.values()))

    def _gated(self, name: str, start: int) -> Mix:
        found = gates.find(name) if is_name(name) else None
        if found is None:
            reason = "no gate of that name" if name else "a bracket without a gate"
            raise self._wrong(reason, f"the gates are: {', '.join(gates.names())}", at=start)
        self._list_of_terms(",")
        options: dict[str, float] = {}
        if self._next(";"):
            self._option(found, options)
            while self._next(","):
                self._option(found, options)
        if not self._next(")"):
            raise self._unexpected("end the gate with ')'")
        if self._skip() < len(self._text):
            raise self._wrong("something after the gate", _FLAT)
        return Mix(terms=tuple(self._terms.values()), gate=found.name, options=options)

    def _list_of_terms(self, separator: str) -> None:
        self._term()
        while self._next(separator):
            self._term()

    def _term(self) -> None:
        start = self._skip()
        if len(self._terms) == MAX_TERMS:
            raise self._wrong(f"more than {MAX_TERMS} adapters", "leave some out")
        name = self._take(_WORD)
        if self._peek() == "(":
            raise self._wrong("a mix inside a mix", _FLAT, at=start)
        if not is_name(name):
            reason = "not a skill's name" if name else "the name of a skill is missing"
            raise self._wrong(reason, NAME_RULE, at=start)
        version = self._version() if self._next("@") else None
        weight = self._weight() if self._next(":") else 1.0
        term = Term(name=name, version=version, weight=weight)
        if term.reference in self._terms:
            raise self._wrong("the same adapter once more", "give one weight for each", at=start)
        self._terms[term.reference] = term

    def _version(self) -> str:
        start = self._skip()
        version = self._take(_WORD)
        if VERSION.fullmatch(version) is None:
            raise self._wrong("not a version", VERSION_RULE, at=start)
        return version

    def _weight(self) -> float:
        start = self._skip()
        weight = self._number("weight")
        if not is_weight(weight):
            raise self._wrong("the weight is too large", WEIGHT_RULE, at=start)
        return weight

    def _option(self, gate: gates.Gate, options: dict[str, float]) -> None:
        start = self._skip()
        name = self._take(_WORD)
        if name not in gate.options:
            known = ", ".join(gate.options) or "none"
            raise self._wrong("not an option of this gate", f"its options: {known}", at=start)
        if name in options:
            raise self._wrong("the same option once more", "give it once", at=start)
        if not self._next("="):
            raise self._unexpected(f"write {name}=VALUE")
        start = self._skip()
        value = self._number("value")
        if not gate.options[name].accepts(value):
            raise self._wrong("out of range", f"give {gate.options[name].rule}", at=start)
        options[name] = value

    def _number(self, what: str) -> float:
        start = self._skip()
        match = _NUMBER.match(self._text, start)
        if match is None:
            raise self._wrong(f"the {what} is not a number", "write it like 0.7, -1 or 2e-3")
        self._at = match.end()
        return float(match[0])

    def _skip(self) -> int:
        self._take(_SPACE)
        return self._at

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        taken = match[0] if match else ""
        self._at += len(taken)
        return taken

    def _peek(self) -> str:
        self._skip()
        return self._text[self._at : self._at + 1]

    def _next(self, character: str) -> bool:
        found = self._peek() == character
        self._at += found
        return found

    def _unexpected(self, remedy: str) -> MixError:
        character = self._peek()
        if character == "(":
            return self._wrong("a mix inside a mix", _FLAT)
        if not character:
            return self._wrong("the expression ends too early", remedy)
        return self._wrong("this is not expected here", remedy)

    def _wrong(self, reason: str, remedy: str, *, at: int | None = None) -> MixError:
        column = (self._at if at is None else at) + 1
        return MixError(self._text, column, reason, remedy=remedy)

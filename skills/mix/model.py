"""A mix of adapters: one immutable value, with a printed, a canonical and a content-addressed form."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import Field, field_validator, model_validator

from skillweave.skills import gates
from skillweave.skills.errors import MixError
from skillweave.skills.model import Frozen
from skillweave.skills.names import NAME_RULE, is_name

MAX_TERMS: Final = gates.MAX_ADAPTERS
MAX_WEIGHT: Final = 1000.0
"""Beyond it a term drowns everything else and overflows half precision."""
VERSION: Final = re.compile(r"[0-9a-f]{4,64}")
VERSION_RULE: Final = "give 4-64 of the digits 0-9 and a-f"
WEIGHT_RULE: Final = f"give a number from {-MAX_WEIGHT:g} to {MAX_WEIGHT:g}"


class Term(Frozen):
    """One adapter of a mix; in a gated mix the weight scales what the gate lets through."""

    name: str
    version: str | None = None
    """The first digits of the skill's digest, or all 64; None for whatever version is current."""
    weight: float = 1.0

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        if not is_name(name):
            raise ValueError(f"not a skill's name; {NAME_RULE}")
        return name

    @field_validator("version")
    @classmethod
    def _is_version(cls, version: str | None) -> str | None:
        if version is not None and VERSION.fullmatch(version) is None:
            raise ValueError(f"not a version; {VERSION_RULE}")
        return version

    @field_validator("weight")
    @classmethod
    def _is_weight(cls, weight: float) -> float:
        if not is_weight(weight):
            raise ValueError(f"not a weight; {WEIGHT_RULE}")
        return weight + 0.0  # -0.0 is 0.0

    @property
    def reference(self) -> str:
        """``name`` or ``name@version``."""
        return self.name if self.version is None else f"{self.name}@{self.version}"

    def __str__(self) -> str:
        return self.reference if self.weight == 1.0 else f"{self.reference}:{number(self.weight)}"


class Mix(Frozen):
    """A sum of adapters with constant weights, or adapters behind a gate.

    ``str`` of it is an expression that `parse_mix` reads back as an equal value.
    """

    terms: Annotated[tuple[Term, ...], Field(min_length=1, max_length=MAX_TERMS)]
    gate: str = "constant"
    options: Mapping[str, float] = Field(default_factory=dict)
    """The options that were given; the others have the gate's defaults."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        references = [term.reference for term in self.terms]
        if len(set(references)) != len(references):
            raise ValueError("an adapter stands twice; give one weight for each")
        known = gates.get(self.gate).options
        for name, value in self.options.items():
            if name not in known:
                raise ValueError(f"{self.gate} has no option {name!r}")
            if not known[name].accepts(value):
                raise ValueError(f"{name}={value} is not {known[name].rule}")
        return self

    def __hash__(self) -> int:
        return hash((self.terms, self.gate, frozenset(self.options.items())))

    def __str__(self) -> str:
        if self.gate == "constant":
            return "+".join(map(str, self.terms))
        options = ",".join(f"{name}={number(value)}" for name, value in self.options.items())
        terms = ",".join(map(str, self.terms))
        return f"{self.gate}({terms}{';' if options else ''}{options})"

    @property
    def is_single(self) -> bool:
        """Whether this is one adapter as it is, for which nothing need be composed."""
        return self.gate == "constant" and len(self.terms) == 1 and self.terms[0].weight == 1.0

    @property
    def is_resolved(self) -> bool:
        """Whether every term names a version."""
        return all(term.version is not None for term in self.terms)

    def resolved(self, versions: Mapping[str, str]) -> Mix:
        """The same mix of exact versions: ``versions`` maps every term's reference to a digest.

        Raises:
            MixError: a term has no version there, or two terms turn out to be the same one.
        """
        seen: dict[str, Term] = {}
        for term in self.terms:
            if term.reference not in versions:
                raise self._at(term, "no version of it is known", "resolve every name of the mix")
            exact = term.model_validate({**term.model_dump(), "version": versions[term.reference]})
            if exact.reference in seen:
                raise self._at(term, "the same adapter once more", "give one weight for each")
            seen[exact.reference] = exact
        return Mix(terms=tuple(seen.values()), gate=self.gate, options=self.options)

    def canonical(self) -> Mix:
        """The one form of all mixes that mean the same: terms sorted, every option written out.

        The order of terms never matters: a sum commutes, and a gate treats adapters alike.
        """
        terms = sorted(self.terms, key=lambda term: term.reference)
        known = gates.get(self.gate).options
        options = {name: self.options.get(name, known[name].default) for name in sorted(known)}
        return Mix(terms=tuple(terms), gate=self.gate, options=options)

    @property
    def digest(self) -> str:
        """sha256 of the canonical form: equal digests mean equal outputs, also after a restart.

        Raises:
            MixError: a term names no version, so the content behind the name may change.
        """
        for term in self.terms:
            if term.version is None:
                raise self._at(term, "no version", "resolve the mix first")
        return hashlib.sha256(str(self.canonical()).encode()).hexdigest()

    def _at(self, term: Term, reason: str, remedy: str) -> MixError:
        text = str(self)
        before = "" if self.gate == "constant" else f"{self.gate}("
        for other in self.terms:
            if other == term:
                break
            before += f"{other},"
        return MixError(text, len(before) + 1, f"{term.reference!r}: {reason}", remedy=remedy)


def is_weight(value: float) -> bool:
    """Whether the number may be the weight of a term."""
    return math.isfinite(value) and abs(value) <= MAX_WEIGHT


def number(value: float) -> str:
    """The shortest text that reads back as the same number: ``0.7``, ``2``, ``1e-07``."""
    return repr(float(value)).removesuffix(".0")

"""Reads the phrase file, and invents operations that no phrase file knows."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

from skillweave.agent.nano.corpus.words import Side, invented, word

Form = Literal["V", "N", "Q"]

_INVENTED: dict[Form, tuple[str, ...]] = {
    "V": (
        "VERB {x}", "VERB {x}", "VERB {x} with {n}", "VERB {x} by {n}", "VERB {x} using {w}", "VERB {x} into NOUN",
        "apply the NOUN to {x}", "apply the NOUN NOUN to {x}", "apply a NOUN of {n} to {x}", "run the NOUN on {x}",
        "run a NOUN NOUN over {x}", "perform ADJ NOUN on {x}", "do the NOUN of {x}", "compute the NOUN of {x}",
        "calculate the ADJ NOUN of {x}", "find the NOUN of {x}", "get the NOUN from {x}", "VERB the NOUN of {x}",
        "VERB the NOUN in {x} by {n}", "VERB {x} and {l}", "VERB {x} from {u} to {u}", "use the NOUN VERBer on {x}",
        "pass {x} through the NOUN NOUN", "VERB {x} at level {n}", "VERB {w} in {x}", "put {x} through the NOUN",
        "make a NOUN of {x}", "turn {x} into a NOUN", "convert {x} to NOUN", "check {x} for NOUN", "VERB every NOUN of {x}",
        "work out the NOUN NOUN of {x}", "VERB {x:s} NOUN", "VERB {n} times {x}", "take the NOUN out of {x}",
    ),
    "N": (
        "the NOUN of {x}", "the NOUN of {x}", "the ADJ NOUN of {x}", "the NOUN NOUN of {x}", "the NOUN of {x} and {n}",
        "the NOUN in {x}", "the number of NOUN in {x}", "the NOUN of {x} with {n}", "{x} in NOUN", "{x} VERBed by {n}",
        "the VERBed form of {x}", "the NOUN version of {x}", "the NOUN between {x} and {l}", "the VERBed NOUN of {x}",
        "the NOUN value of {x}", "the NOUN for {x}", "{x} as a NOUN", "the NOUN score of {x}", "the NOUN {w} of {x}",
    ),
    "Q": (
        "what is the NOUN of {x}", "how many NOUN are in {x}", "what is the ADJ NOUN of {x}", "how ADJ is {x}",
        "is {x} ADJ", "which NOUN is in {x}", "what NOUN does {x} have", "how many NOUN does {x} have",
    ),
}  # fmt: skip

_HELD_OUT_INVENTED: dict[Form, tuple[str, ...]] = {
    "V": (
        "apply NOUN VERBing to {x}", "carry out the ADJ NOUN on {x}", "give {x} a NOUN NOUN", "VERB {x} down to {n} NOUN",
        "subject {x} to the NOUN", "VERB the ADJ NOUN of {x} with {w}", "feed {x} to the NOUN VERBer", "VERB out {x}",
    ),
    "N": ("the NOUN's NOUN of {x}", "the outcome of VERBing {x}", "the ADJ NOUN NOUN of {x}", "the NOUN per {n} of {x}"),
    "Q": ("which ADJ NOUN does {x} give", "what NOUN comes out of {x}", "how much NOUN is there in {x}"),
}  # fmt: skip

_TYPES = ("text", "text", "number", "number", "list", "list", "table", "date", "json")


@dataclass(frozen=True)
class Operation:
    """What can be asked of a value: its main type, its result's type, and phrases by form."""

    key: str
    main: str
    result: str
    phrases: dict[Form, tuple[str, ...]]
    held_out_phrases: dict[Form, tuple[str, ...]] = field(default_factory=dict)
    held_out: bool = False


def _split(alternatives: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    phrases = [p.strip() for p in alternatives.split("|")]
    return (
        tuple(p for p in phrases if not p.startswith("!")),
        tuple(p[1:].strip() for p in phrases if p.startswith("!")),
    )


@cache
def known() -> tuple[Operation, ...]:
    """The operations of ``operations.txt``."""
    source = files("skillweave.agent.nano.corpus").joinpath("operations.txt").read_text("utf-8")
    found: list[Operation] = []
    for block in source.split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        head = lines[0]
        main, result = (t.strip() for t in head.lstrip("! ").split("->"))
        phrases: dict[Form, tuple[str, ...]] = {}
        kept_out: dict[Form, tuple[str, ...]] = {}
        for form in ("V", "N", "Q"):
            for line in lines[1:]:
                if line.startswith(form + " "):
                    phrases[form], kept_out[form] = _split(line[2:])
        found.append(
            Operation(f"op{len(found)}", main, result, phrases, kept_out, head.startswith("!"))
        )
    return tuple(found)


def invent(rng: random.Random, side: Side) -> Operation:
    """An operation with a phrase of random words: what a skill of a stranger looks like."""
    templates = _HELD_OUT_INVENTED if side == "held-out" and rng.random() < 0.5 else _INVENTED

    def fill(template: str) -> str:
        for role, share in (("VERB", 0.5), ("NOUN", 0.4), ("ADJ", 0.3)):
            while role in template:
                template = template.replace(role, word(rng, side, invented_share=share), 1)
        return template

    phrases: dict[Form, tuple[str, ...]] = {
        f: (fill(rng.choice(templates[f])),) for f in ("V", "N", "Q")
    }
    return Operation("invented", rng.choice(_TYPES), rng.choice(_TYPES), phrases)


def invented_name(rng: random.Random, side: Side) -> str:
    """A name as a stranger gives to a function."""
    return "_".join(invented(rng, side) for _ in range(rng.randint(1, 2)))


def pair_is_held_out(first: Operation, second: Operation) -> bool:
    """One pair of neighbouring operations in twelve never meets in training."""
    if "invented" in (first.key, second.key):
        return False
    return zlib.crc32(f"{first.key}>{second.key}".encode()) % 12 == 0


def suited(operations: Sequence[Operation], kind: str) -> list[Operation]:
    """Operations whose main type takes a value of ``kind``."""
    return [o for o in operations if o.main == kind]

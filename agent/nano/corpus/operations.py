"""Reads the phrase file, and invents operations that no phrase file knows."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

from skillweave.agent.nano.corpus.values import NAMES_OF_VALUES
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
        "make a NOUN of {x}", "turn {x} into a NOUN", "convert {x} to NOUN", "check {x} for NOUN",
        "VERB every NOUN of {x}", "work out the NOUN NOUN of {x}", "VERB {x:s} NOUN", "VERB {n} times {x}",
        "take the NOUN out of {x}", "apply NOUN VERBing to {x}", "carry out the ADJ NOUN on {x}",
        "give {x} a NOUN NOUN", "VERB {x} down to {n} NOUN", "subject {x} to the NOUN",
        "VERB the ADJ NOUN of {x} with {w}", "feed {x} to the NOUN VERBer", "VERB out {x}", "VERB {x} twice",
        "VERB {x} over NOUN", "VERB {x} once with {n}", "VERB the NOUN {n} of {x}", "VERB {x} against {w}",
        "VERB {x} in ADJ NOUN", "VERB {x} under NOUN", "VERB {x} to its NOUN", "reduce {x} to NOUN",
        "reduce {x} to its ADJ NOUN", "transform {x} into a NOUN", "transform {x} with NOUN {w}",
        "change {x} into NOUN form", "bring {x} into NOUN form", "write {x} as NOUN", "write {x} in NOUN notation",
        "express {x} in NOUN", "rewrite {x} as a NOUN", "encode {x} as NOUN", "decode {x} with the NOUN",
        "rank {x} by ADJ NOUN", "test {x} for ADJ NOUN", "test whether {x} is ADJ", "check whether {x} is ADJ",
        "check if {x} has NOUN", "see if {x} is a NOUN", "measure the NOUN of {x}", "measure how ADJ {x} is",
        "estimate the NOUN NOUN of {x}", "count the NOUN in {x}", "count the ADJ NOUN of {x}",
        "list the NOUN of {x}", "extract the NOUN from {x}", "extract every NOUN {n} of {x}",
        "pull the ADJ NOUN out of {x}", "remove the NOUN from {x}", "remove all NOUN from {x}",
        "drop the NOUN of {x}", "add a NOUN to {x}", "add NOUN {n} to {x}", "insert {w} into {x} by NOUN",
        "split {x} by NOUN", "split {x} into NOUN and NOUN", "cut {x} at the NOUN",
        "merge {x} with {l} by NOUN", "combine {x} with {w} by NOUN", "replace the NOUN of {x} with {w}",
        "swap the NOUN and the NOUN of {x}", "set {x} to NOUN {n}", "raise {x} by {n} NOUN", "lower {x} by {n} NOUN",
        "move {x} to the NOUN", "move {x} {n} NOUN forward", "shift {x} by {n} NOUN",
        "scale {x} to NOUN", "format {x} as NOUN", "render {x} as a ADJ NOUN", "print {x} in NOUN style",
        "send {x} through the NOUN", "hand {x} over to the NOUN", "put {x} into the NOUN NOUN",
        "put the ADJ NOUN on {x}", "place a NOUN before {x}", "wrap {x} in NOUN", "mark the NOUN in {x}",
        "hide the NOUN of {x}", "look up the NOUN of {x}", "look for NOUN in {x}", "pick the ADJ NOUN from {x}",
        "pick {n} NOUN from {x}", "take {n} NOUN from {x}", "keep only the NOUN of {x}", "keep the ADJ NOUN in {x}",
        "make {x} ADJ", "make {x} more ADJ", "make a ADJ NOUN from {x}", "build a NOUN of {x}",
        "create a NOUN NOUN from {x}", "derive the NOUN of {x}", "infer the NOUN from {x}", "do a NOUN NOUN on {x}",
        "do NOUN to {x}", "execute the NOUN NOUN on {x}", "start the NOUN with {x}", "try the ADJ NOUN on {x}",
        "use NOUN on {x}", "apply ADJ NOUN to {x}", "apply NOUN {n} to {x}", "apply the NOUN rule to {x}",
        "run NOUN against {x}", "perform a NOUN of {x}", "treat {x} with NOUN", "treat {x} as a NOUN",
        "translate {x} into NOUN", "translate {x} from NOUN to NOUN", "convert {x} from {u} to {u}",
        "convert {x} into ADJ NOUN", "VERB {x:s} ADJ NOUN", "VERB both ends of {x}", "VERB {x} NOUN by NOUN",
        "VERB {x} at every NOUN", "VERB {n} NOUN off {x}", "VERB all NOUN in {x}", "VERB {x} up", "VERB up {x}",
        "VERB {x} together", "VERB {x} apart with {w}",
    ),
    "N": (
        "the NOUN of {x}", "the NOUN of {x}", "the ADJ NOUN of {x}", "the NOUN NOUN of {x}",
        "the NOUN of {x} and {n}", "the NOUN in {x}", "the number of NOUN in {x}", "the NOUN of {x} with {n}",
        "{x} in NOUN", "{x} VERBed by {n}", "the VERBed form of {x}", "the NOUN version of {x}",
        "the NOUN between {x} and {l}", "the VERBed NOUN of {x}", "the NOUN value of {x}", "the NOUN for {x}",
        "{x} as a NOUN", "the NOUN score of {x}", "the NOUN {w} of {x}", "the NOUN's NOUN of {x}",
        "the outcome of VERBing {x}", "the ADJ NOUN NOUN of {x}", "the NOUN per {n} of {x}",
        "the NOUN number of {x}", "the NOUN of {x} in {u}", "the NOUN of {x} at {n}", "{x} without NOUN",
        "{x} without its NOUN", "{x} with NOUN {n}", "{x} with a ADJ NOUN", "{x} in ADJ NOUN", "{x} under the NOUN",
        "{x} VERBed with {w}", "{x} VERBed into NOUN", "{x} turned into a NOUN", "{x} converted to NOUN",
        "{x} after NOUN", "{x} by NOUN", "{x} per NOUN", "the first NOUN of {x}", "the last NOUN in {x}",
        "the largest NOUN of {x}", "the NOUN part of {x}", "the mean NOUN of {x}", "the amount of NOUN in {x}",
        "the count of NOUN in {x}", "the list of NOUN in {x}", "all NOUN in {x}", "every NOUN of {x}",
        "a NOUN of {x}", "a ADJ version of {x}", "the NOUN code of {x}", "the NOUN form of {x}",
        "the NOUN index of {x}", "the NOUN from {x}", "the NOUN within {x}", "the ADJ NOUN for {x}",
        "the NOUN NOUN for {x}", "the NOUN NOUN in {x}", "the NOUN and NOUN of {x}", "the NOUN of {x} by {w}",
        "the NOUN of {x} over {n}", "the NOUN of {w} in {x}", "the NOUN distance from {x} to {w}", "the VERBed {x}",
        "the VERBing of {x}", "the result of VERBing {x}", "the product of VERBing {x} with {w}",
        "the NOUN after VERBing {x}", "VERBed {x}", "NOUN of {x}", "the ADJest NOUN of {x}", "half the NOUN of {x}",
        "the sum of NOUN in {x}", "the NOUN's share of {x}",
    ),
    "Q": (
        "what is the NOUN of {x}", "how many NOUN are in {x}", "what is the ADJ NOUN of {x}", "how ADJ is {x}",
        "is {x} ADJ", "which NOUN is in {x}", "what NOUN does {x} have", "how many NOUN does {x} have",
        "which ADJ NOUN does {x} give", "what NOUN comes out of {x}", "how much NOUN is there in {x}",
        "how many ADJ NOUN are in {x}", "how many NOUN are there in {x}", "how many NOUN fit into {x}",
        "how much NOUN is in {x}", "how much NOUN does {x} contain", "what is the NOUN NOUN of {x}",
        "what NOUN is {x}", "which NOUN is {x}", "which NOUN does {x} belong to", "which NOUN of {x} is ADJ",
        "what is {x} in NOUN", "what is {x} VERBed by {n}", "is {x} a NOUN", "is {x} a ADJ NOUN",
        "is {x} ADJ or ADJ", "are there NOUN in {x}", "does {x} have NOUN", "does {x} have a ADJ NOUN",
        "does {x} contain a NOUN", "has {x} a NOUN", "can {x} be VERBed", "was {x} VERBed",
        "how ADJ is the NOUN of {x}", "how often does NOUN occur in {x}", "where is the NOUN in {x}",
        "who VERBed {x}", "when is the NOUN of {x}", "what comes after {x}", "what does {x} VERB",
        "what kind of NOUN is {x}", "how far is {x} from {n}", "what would {x} be as NOUN",
        "what happens to {x} under NOUN",
    ),
}  # fmt: skip

_HELD_OUT_INVENTED: dict[Form, tuple[str, ...]] = {
    "V": (
        "VERB the NOUN behind {x}", "VERB {x} down to its NOUN", "VERB {n} ADJ NOUN off {x}",
        "hold {x} up to {l} for ADJ NOUN", "subject {x} to a NOUN VERB", "VERB {x} so that {w} is ADJ",
        "bring the ADJ NOUN of {x} to light", "perform a NOUN VERB on {x}",
    ),
    "N": (
        "the VERB score for {x}", "the NOUN that {x} ends up with", "a VERB copy of {x}", "{x} under the NOUN rule",
        "the NOUN of {x} given by {u}",
    ),
    "Q": (
        "which NOUN suits {x}", "how ADJ does {x} get after {n} NOUN", "would you call {x} ADJ",
        "what NOUN lies behind {x}",
    ),
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
    """An operation with a phrase of random words: what a skill of a stranger looks like.

    Its short texts are quoted, as nothing else would tell them from the words of its name.
    """
    templates = _HELD_OUT_INVENTED if side == "held-out" and rng.random() < 0.5 else _INVENTED

    def fill(template: str) -> str:
        for role, share in (("VERB", 0.5), ("NOUN", 0.4), ("ADJ", 0.3)):
            while role in template:
                template = template.replace(role, _unmistakable(rng, side, share), 1)
        return template.replace("{w}", "{q}")

    phrases: dict[Form, tuple[str, ...]] = {
        f: (fill(rng.choice(templates[f])),) for f in ("V", "N", "Q")
    }
    return Operation("invented", rng.choice(_TYPES), rng.choice(_TYPES), phrases)


def _unmistakable(rng: random.Random, side: Side, invented_share: float) -> str:
    """A word that is neither a unit nor a column: those stand in requests as values."""
    while (drawn := word(rng, side, invented_share=invented_share)) in NAMES_OF_VALUES:
        pass
    return drawn


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

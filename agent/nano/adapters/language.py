"""A small piece of English grammar: verbs with their forms, and noun phrases with their number."""

from __future__ import annotations

import random
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from skillweave.agent.nano.corpus.words import Side, name, word


class Verb(NamedTuple):
    base: str
    past: str
    participle: str

    @property
    def third(self) -> str:
        """The form after he, she, it."""
        if self.base.endswith(("s", "sh", "ch", "x", "z")):
            return self.base + "es"
        if self.base.endswith("y") and self.base[-2] not in "aeiou":
            return self.base[:-1] + "ies"
        return self.base + "s"


class Phrase(NamedTuple):
    """A noun phrase as subject and as object."""

    subject: str
    object: str
    plural: bool
    first: bool = False


_PRONOUNS = (
    Phrase("I", "me", False, True), Phrase("you", "you", True), Phrase("he", "him", False),
    Phrase("she", "her", False), Phrase("we", "us", True), Phrase("they", "them", True),
)  # fmt: skip
_DETERMINERS = ("the", "the", "the", "my", "our", "her", "his", "their", "this", "every")
_ADJECTIVES = (
    "old young small big red tired clever strange new quiet happy green broken heavy".split()
)
_NOUNS = (
    "cat dog teacher farmer letter car book house tree engine king doctor student child apple song "
    "picture garden bridge window story machine guard pilot nurse baker knife ticket report cake "
    "river train bottle judge lawyer lamp chair table phone sister brother neighbour committee"
).split()


def _regular(base: str) -> Verb:
    if base.endswith("e"):
        past = base + "d"
    elif base.endswith("y") and base[-2] not in "aeiou":
        past = base[:-1] + "ied"
    else:
        past = base + "ed"
    return Verb(base, past, past)


@cache
def verbs(side: Side) -> tuple[Verb, ...]:
    """Transitive verbs; the held-out ones are regular."""
    text = files("skillweave.agent.nano.adapters").joinpath("verbs.txt").read_text("utf-8")
    train, _, kept_out = text.partition("---")
    found = []
    for line in (train if side == "train" else kept_out).splitlines():
        forms = line.split()
        if forms and not line.startswith("#"):
            found.append(Verb(*forms) if len(forms) == 3 else _regular(forms[0]))
    return tuple(found)


def verb(rng: random.Random, side: Side) -> Verb:
    """Training: a training verb. Held-out: half the time one that training never shows."""
    return rng.choice(verbs("held-out" if side == "held-out" and rng.random() < 0.5 else "train"))


def phrase(rng: random.Random, side: Side) -> Phrase:
    """A pronoun, a name, or a noun with a determiner and perhaps an adjective; nouns may be any word."""
    kind = rng.random()
    if kind < 0.2:
        return rng.choice(_PRONOUNS)
    if kind < 0.45:
        called = name(rng, side)
        return Phrase(called, called, False)
    noun = rng.choice(_NOUNS) if rng.random() < 0.5 else word(rng, side)
    determiner = rng.choice(_DETERMINERS)
    plural = determiner not in ("this", "every") and not noun.endswith("s") and rng.random() < 0.25
    words = [
        determiner,
        *([rng.choice(_ADJECTIVES)] if rng.random() < 0.3 else []),
        noun + "s" * plural,
    ]
    text = " ".join(words)
    return Phrase(text, text, plural)


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return text[0].upper() + text[1:] + "."


def be(subject: Phrase) -> tuple[str, str, str]:
    """The forms of be, now and then, and of have, that go with a subject."""
    if subject.first:
        return "am", "was", "have"
    return ("are", "were", "have") if subject.plural else ("is", "was", "has")

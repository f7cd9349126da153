"""The adapters that ship with nano: one function per task, which draws an input and its output.

Each is beyond a few lines of code: it needs the forms of verbs, the part a word plays, or what a
wording means. Held-out draws use other names and nouns, other verbs, and other wordings.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from skillweave.agent.nano.adapters.language import Phrase, be, phrase, sentence, verb
from skillweave.agent.nano.corpus.words import Side, word


class Pair(NamedTuple):
    input: str
    output: str


_ENDINGS = ("", "", "", " in the morning", " at school", " again", " near the river", " for free")


def sentence_tense(rng: random.Random, side: Side) -> Pair:
    """``Did the cat chase them?`` -> ``past``"""
    agent, patient, v = phrase(rng, side), phrase(rng, side), verb(rng, side)
    plain = agent.plural or agent.first
    is_, was, has = be(agent)
    forms = {
        "past": (
            v.past, v.past, v.past, f"did not {v.base}", f"{was} going to {v.base}", f"had {v.participle}",
        ),
        "present": (
            v.base if plain else v.third, v.base if plain else v.third,
            f"do not {v.base}" if plain else f"does not {v.base}", f"{has} to {v.base}",
        ),
        "future": (
            f"will {v.base}", f"will not {v.base}", f"{is_} going to {v.base}", f"shall {v.base}",
            f"{is_} about to {v.base}",
        ),
    }  # fmt: skip
    tense = rng.choice(list(forms))
    if rng.random() < 0.2:
        helper = {"past": "did", "present": "do" if plain else "does", "future": "will"}[tense]
        said = f"{helper} {agent.subject} {v.base} {patient.object}{rng.choice(_ENDINGS)}"
        return Pair(sentence(said).removesuffix(".") + "?", tense)
    said = f"{agent.subject} {rng.choice(forms[tense])} {patient.object}{rng.choice(_ENDINGS)}"
    return Pair(sentence(said), tense)


def sentence_voice(rng: random.Random, side: Side) -> Pair:
    """``The letter was read by Anna.`` -> ``passive``"""
    agent, patient, v = phrase(rng, side), phrase(rng, side), verb(rng, side)
    end = rng.choice(_ENDINGS)
    if rng.random() < 0.5:
        is_, was, has = be(patient)
        passive = rng.choice(
            (was, is_, "will be", "must be", f"{has} been", "can be", f"{was} never")
        )
        by = f" by {agent.object}" if rng.random() < 0.6 else ""
        return Pair(sentence(f"{patient.subject} {passive} {v.participle}{by}{end}"), "passive")
    is_, was, has = be(agent)
    active = (
        f"{v.past} {patient.object}", f"will {v.base} {patient.object}", f"{has} {v.participle} {patient.object}",
        f"{was} ready to {v.base} {patient.object}", f"{is_} here by {patient.object}", f"{was} happy",
        f"did not {v.base} {patient.object}", f"{has} been the friend of {patient.object}",
    )  # fmt: skip
    return Pair(sentence(f"{agent.subject} {rng.choice(active)}{end}"), "active")


def agreement_check(rng: random.Random, side: Side) -> Pair:
    """``The cats chases the dog.`` -> ``wrong``"""
    agent, patient, v = phrase(rng, side), phrase(rng, side), verb(rng, side)
    right = rng.random() < 0.5
    plain = (agent.plural or agent.first) == right
    is_, was, has = be(agent if right else _other(agent))
    said = rng.choice(
        (
            f"{v.base if plain else v.third} {patient.object}",
            f"{v.base if plain else v.third} {patient.object}",
            f"{'do' if plain else 'does'} not {v.base} {patient.object}",
            f"{has} {v.participle} {patient.object}",
            f"{is_} ready to {v.base} {patient.object}",
            f"{was} ready to {v.base} {patient.object}",
        )
    )
    if said.startswith("was ") and agent.first and not right:
        return agreement_check(rng, side)
    return Pair(
        sentence(f"{agent.subject} {said}{rng.choice(_ENDINGS)}"), "right" if right else "wrong"
    )


def _other(phrase: Phrase) -> Phrase:
    """The same words as if their number were the other one."""
    return phrase._replace(plural=not (phrase.plural or phrase.first), first=False)


_GOOD = (
    "great wonderful excellent lovely superb delightful brilliant charming perfect "
    "impressive enjoyable fantastic pleasant beautiful amazing good fresh friendly "
    "fast reliable"
).split()
_BAD = (
    "terrible awful horrible disappointing dreadful boring poor broken rude slow "
    "useless ugly annoying bad weak dirty bland noisy painful unreliable"
).split()
_OPINIONS = {
    "train": (
        ("the {w} was {a}", 1), ("i found the {w} {a}", 1), ("a {a} {w}", 1), ("the {w} was not {a}", -1),
        ("i would not call the {w} {a}", -1), ("the {w} was never {a}", -1), ("nothing about the {w} is {a}", -1),
        ("everyone told me the {w} was {b}, but it was {a}", 1), ("although the {w} looked {b}, it turned out {a}", 1),
        ("what a {a} {w}", 1), ("the {w} is {a} and {a}", 1), ("it was far from {a}", -1), ("hardly a {a} {w}", -1),
        ("despite the {b} {w}, the stay was {a}", 1), ("the {w} used to be {b}, now it is {a}", 1), ("so {a}", 1),
        ("i expected something {b}, but the {w} was {a}", 1), ("the {w} was anything but {a}", -1),
    ),
    "held-out": (
        ("honestly, the {w} seemed {a} to me", 1), ("the {w} is by no means {a}", -1),
        ("we thought it would be {b}, yet the {w} was {a}", 1), ("no one could say the {w} was {a}", -1),
    ),
}  # fmt: skip


def sentiment(rng: random.Random, side: Side) -> Pair:
    """``The food was anything but great.`` -> ``negative``"""
    templates = _OPINIONS["held-out" if side == "held-out" and rng.random() < 0.5 else "train"]
    template, sign = rng.choice(templates)
    good = rng.random() < 0.5
    first, second = (_GOOD, _BAD) if good else (_BAD, _GOOD)
    text = template
    for slot, pool in (("{a}", first), ("{b}", second)):
        while slot in text:
            adverb = rng.choice(("", "", "really ", "very ", "quite "))
            text = text.replace(slot, adverb + rng.choice(pool), 1)
    text = sentence(text.replace("{w}", word(rng, side, invented_share=0.1)))
    return Pair(text, "positive" if good == (sign > 0) else "negative")


TASKS: dict[str, Callable[[random.Random, Side], Pair]] = {
    "sentiment": sentiment,
    "sentence-tense": sentence_tense,
    "sentence-voice": sentence_voice,
    "agreement-check": agreement_check,
}
"""Name of the skill -> draw of one pair."""

__all__ = ["TASKS", "Pair"]

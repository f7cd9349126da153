"""The adapters that ship with nano: one function per task, which draws an input and its output.

Each is beyond a few lines of code: it needs the forms of verbs, the part a word plays, or what a
wording means. Held-out draws use other names and nouns, other verbs, and other wordings.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from skillweave.agent.nano.adapters.language import phrase, sentence, verb
from skillweave.agent.nano.corpus.words import Side, name, word


class Pair(NamedTuple):
    input: str
    output: str


_ENDINGS = (
    "",
    "",
    "",
    " yesterday",
    " in the morning",
    " last week",
    " at school",
    " on Monday",
    " again",
)


def passive_voice(rng: random.Random, side: Side) -> Pair:
    """``The cat chased the dogs.`` -> ``The dogs were chased by the cat.``"""
    agent, patient, v = phrase(rng, side), phrase(rng, side), verb(rng, side)
    end = rng.choice(_ENDINGS)
    plural_is, plural_was = patient.plural, patient.plural
    kind = rng.choice(("past", "past", "past", "present", "future", "modal"))
    if kind == "past":
        active, passive = v.past, f"{'were' if plural_was else 'was'} {v.participle}"
    elif kind == "present":
        active = v.base if agent.plural or agent.first else v.third
        be = "am" if patient.first else "are" if plural_is else "is"
        passive = f"{be} {v.participle}"
    else:
        helper = "will" if kind == "future" else rng.choice(("must", "can", "should", "may"))
        active, passive = f"{helper} {v.base}", f"{helper} be {v.participle}"
    return Pair(
        sentence(f"{agent.subject} {active} {patient.object}{end}"),
        sentence(f"{patient.subject} {passive} by {agent.object}{end}"),
    )


def negate_sentence(rng: random.Random, side: Side) -> Pair:
    """``She wrote the letter.`` -> ``She did not write the letter.``"""
    agent, patient, v = phrase(rng, side), phrase(rng, side), verb(rng, side)
    end = rng.choice(_ENDINGS)
    kind = rng.choice(("past", "past", "present", "present", "modal", "be"))
    if kind == "past":
        said, denied = v.past, f"did not {v.base}"
    elif kind == "present":
        plain = agent.plural or agent.first
        said, denied = (v.base, f"do not {v.base}") if plain else (v.third, f"does not {v.base}")
    elif kind == "modal":
        helper = rng.choice(("will", "should", "must", "could", "would"))
        said, denied = f"{helper} {v.base}", f"{helper} not {v.base}"
    else:
        was = "were" if agent.plural else "was"
        how = rng.choice(("tired", "late", "at home", "ready", "happy", "in the garden"))
        return Pair(
            sentence(f"{agent.subject} {was} {how}{end}"),
            sentence(f"{agent.subject} {was} not {how}{end}"),
        )
    return Pair(
        sentence(f"{agent.subject} {said} {patient.object}{end}"),
        sentence(f"{agent.subject} {denied} {patient.object}{end}"),
    )


_SCENES = {
    "train": (
        "{p} met {p} in {l} on {d}", "{p} and {p} live in {l}", "yesterday {p} flew from {l} to {l}",
        "the report from {o} was signed by {p}", "{o} hired {p} and {p} in {m}", "in {m} {p} moved to {l}",
        "{p} works for {o} in {l}", "the {w} of {l} is known to {p}", "{p} gave {p} a {w}", "{l} lies near {l}",
        "{p}, a {w} from {l}, called {p} on {d}", "nobody at {o} has seen the {w} since {d}",
        "my friend {p} studied in {l} with {p}", "{o} opened an office in {l} in {m}", "on {d} {p} wrote to {o}",
        "{p} said that {p} would visit {l}", "a letter from {p} reached {l} in {m}",
        "{p} married {p} in {m}", "the train to {l} leaves on {d}", "according to {p}, {o} will close in {m}",
    ),
    "held-out": (
        "{p} travelled to {l} with {p} in {m}", "{o} thanked {p} on {d}", "last {m} {p} left {o}",
        "the {w} in {l} belongs to {p}", "{p} phoned {p} from {l}", "{l} and {l} are twin towns",
    ),
}  # fmt: skip
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = "January March April June July September October November December".split()
_FIRMS = ("{} Ltd", "{} Inc", "the {} Company", "{} Bank", "the University of {}", "{} & Sons")


def extract_people(rng: random.Random, side: Side) -> Pair:
    """``Anna Krell met Tom in Paris on Monday.`` -> ``Anna Krell, Tom``"""
    scenes = _SCENES["held-out" if side == "held-out" and rng.random() < 0.5 else "train"]
    people: list[str] = []

    def fill(scene: str) -> str:
        while "{p}" in scene:
            person = name(rng, side) + (f" {name(rng, side)}" if rng.random() < 0.5 else "")
            people.append(person)
            scene = scene.replace("{p}", person, 1)
        makers: dict[str, Callable[[], str]] = {
            "{l}": lambda: name(rng, side),
            "{o}": lambda: rng.choice(_FIRMS).format(name(rng, side)),
            "{d}": lambda: rng.choice(_DAYS),
            "{m}": lambda: rng.choice(_MONTHS),
            "{w}": lambda: word(rng, side),
        }
        for slot, make in makers.items():
            while slot in scene:
                scene = scene.replace(slot, make(), 1)
        return sentence(scene)

    text = " ".join(fill(rng.choice(scenes)) for _ in range(rng.choice((1, 1, 2))))
    return Pair(text, ", ".join(people) or "none")


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


_SPENDING = {
    "train": (
        "i paid {a} for {i} at {s} on {d}", "{i} from {s} cost me {a} on {d}", "on {d} i bought {i} at {s} for {a}",
        "{s} charged {a} on {d} for {i}", "{d}: {i}, {s}, {a}", "spent {a} on {i} ({s}, {d})",
        "my {i} at {s} came to {a} on {d}", "got {i} for {a} on {d} in {s}", "{a} went to {s} for {i} on {d}",
        "for {i} i gave {s} {a} on {d}", "on {d}, {s} sold me {i} for {a}", "bill of {d}: {a} to {s} for {i}",
    ),
    "held-out": (
        "on {d} {i} set me back {a} at {s}", "{s}, {d}: {a} for {i}", "i owe {s} {a} for {i} since {d}",
        "{a} was the price of {i} at {s} on {d}",
    ),
}  # fmt: skip


def expense_record(rng: random.Random, side: Side) -> Pair:
    """``I paid 12.50 EUR for lunch at Zorba on 3 May.`` -> ``amount=12.50 EUR; item=lunch; ...``"""
    template = rng.choice(
        _SPENDING["held-out" if side == "held-out" and rng.random() < 0.5 else "train"]
    )
    number = f"{rng.uniform(1, 900):.2f}" if rng.random() < 0.6 else str(rng.randint(1, 2000))
    amount = rng.choice(("{} EUR", "${}", "{} dollars", "£{}", "{} euros")).format(number)
    item = rng.choice(("a {}", "two {}s", "{}", "some {}", "the {}", "a new {}")).format(
        word(rng, side)
    )
    shop = rng.choice(("{}", "{}'s", "the {} Store", "Cafe {}")).format(name(rng, side))
    month = rng.choice(_MONTHS)
    day = rng.choice(
        (
            f"{rng.randint(1, 28)} {month}",
            f"{month} {rng.randint(1, 28)}",
            rng.choice(_DAYS),
            f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        )
    )
    text = template.format(a=amount, i=item, s=shop, d=day)
    return Pair(sentence(text), f"amount={amount}; item={item}; shop={shop}; date={day}")


TASKS: dict[str, Callable[[random.Random, Side], Pair]] = {
    "passive-voice": passive_voice,
    "negate-sentence": negate_sentence,
    "extract-people": extract_people,
    "sentiment": sentiment,
    "expense-record": expense_record,
}
"""Name of the skill -> draw of one pair."""

__all__ = ["TASKS", "Pair"]

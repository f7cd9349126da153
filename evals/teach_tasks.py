"""Tasks to teach: what people would show by examples, none of which nano was trained on.

A task draws one pair. Names and nouns of the held-out side never occur in the examples; wordings do,
as a user's own texts would. The answers are right by construction.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from skillweave.agent.growth.teach import Pair
from skillweave.agent.nano.corpus.words import Side, name, word

Draw = Callable[[random.Random, Side], Pair]


class TeachTask(NamedTuple):
    """A task and how a user would say what it is."""

    name: str
    description: str
    draw: Draw


_ADJECTIVES = "old small red quiet heavy empty broken warm new green".split()
_VERBS = "open close clean paint move repair find carry wash sell".split()
_CITIES = "Lisbon Oslo Vienna Prague Dublin Madrid Athens Warsaw Zurich Naples Berlin Paris".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def _one(rng: random.Random, *texts: str) -> str:
    return rng.choice(texts)


def question_form(rng: random.Random, side: Side) -> Pair:
    """Is it asked or said? The marks at the end are missing."""
    who, what, verb = name(rng, side), word(rng, side), rng.choice(_VERBS)
    if rng.random() < 0.5:
        asked = _one(
            rng,
            f"did {who} {verb} the {what}",
            f"where is the {what} of {who}",
            f"can you {verb} the {what}",
            f"why does {who} {verb} it",
            f"is the {what} {rng.choice(_ADJECTIVES)}",
            f"who will {verb} the {what}",
        )
        return Pair(asked, "question")
    said = _one(
        rng,
        f"{who} will {verb} the {what}",
        f"the {what} of {who} is here",
        f"you can {verb} the {what}",
        f"{who} did not {verb} it",
        f"the {what} is {rng.choice(_ADJECTIVES)}",
        f"please {verb} the {what}",
    )
    return Pair(said, "statement")


def tone(rng: random.Random, side: Side) -> Pair:
    """Is the message formal or casual?"""
    who, what, verb = name(rng, side), word(rng, side), rng.choice(_VERBS)
    if rng.random() < 0.5:
        text = _one(
            rng,
            f"I would be grateful if you could {verb} the {what}",
            f"Dear {who}, kindly {verb} the {what}",
            f"We regret to inform you about the {what}",
            f"Yours sincerely, {who}",
            f"Please accept the {what}",
        )
        return Pair(text, "formal")
    text = _one(
        rng,
        f"hey {who} just {verb} the {what} ok",
        f"lol the {what} is gone",
        f"gonna {verb} that {what} later",
        f"thanks {who} see ya",
        f"no way, that {what} is so cool",
    )
    return Pair(text, "casual")


_TOPICS = {
    "sport": "goal match referee league coach stadium tennis football race medal".split(),
    "money": "invoice bank loan tax budget salary price dividend refund payment".split(),
    "weather": "rain snow storm cloud wind sunshine frost thunder fog hail".split(),
    "food": "soup bread cheese recipe kitchen dinner salad cake spice breakfast".split(),
}


def topic(rng: random.Random, side: Side) -> Pair:
    """Which of four topics is it about?"""
    label = rng.choice(list(_TOPICS))
    a, what, who = rng.choice(_TOPICS[label]), word(rng, side), name(rng, side)
    text = _one(
        rng,
        f"{who} talked about the {a} and the {what}",
        f"the {a} came after the {what}",
        f"a note on the {what}: the {a} was {rng.choice(_ADJECTIVES)}",
        f"{who} remembers every {a}",
        f"nobody from {what} expected this {a}",
    )
    return Pair(text, label)


def urgency(rng: random.Random, side: Side) -> Pair:
    """Must a ticket be done now, or can it wait?"""
    what, who = word(rng, side), name(rng, side)
    if rng.random() < 0.5:
        text = _one(
            rng,
            f"the {what} is down and customers are waiting",
            f"{what} fails right now, please hurry",
            f"{who} cannot work until the {what} is fixed",
            f"data loss in {what}, need help at once",
        )
        return Pair(text, "now")
    text = _one(
        rng,
        f"some day the {what} could look nicer",
        f"{who} would like another colour for the {what}",
        f"when you have time, rename the {what}",
        f"an idea for {what}, no rush",
    )
    return Pair(text, "later")


def older(rng: random.Random, side: Side) -> Pair:
    """Who is the older one?"""
    a, b = name(rng, side), name(rng, side)
    if rng.random() < 0.5:
        return Pair(_one(rng, f"{a} is older than {b}", f"{a} was born before {b}"), a)
    return Pair(_one(rng, f"{b} is younger than {a}", f"{b} was born after {a}"), a)


def caller(rng: random.Random, side: Side) -> Pair:
    """Who writes?"""
    who, other, what = name(rng, side), name(rng, side), word(rng, side)
    text = _one(
        rng,
        f"Hi {other}, this is {who} from the {what} team",
        f"{who} here, calling about the {what}",
        f"My name is {who} and I lost my {what}",
        f"Dear {other}, thank you for the {what}. Regards, {who}",
    )
    return Pair(text, who)


def destination(rng: random.Random, side: Side) -> Pair:
    """Where does the journey end?"""
    a, b, day = name(rng, side), name(rng, side), rng.choice(_DAYS)
    text = _one(
        rng,
        f"a ticket from {a} to {b} on {day}",
        f"to {b} from {a}, leaving {day}",
        f"{day} I fly to {b} via {a}",
        f"we leave {a} on {day} and arrive in {b}",
    )
    return Pair(text, b)


def ordered(rng: random.Random, side: Side) -> Pair:
    """How many of what? ``two boxes of tea`` -> ``2 x tea``"""
    numbers = ("two", "three", "four", "five", "six", "seven", "eight", "nine")
    n, what = rng.randrange(len(numbers)), word(rng, side)
    unit = rng.choice(("boxes", "bags", "bottles", "kilos", "packs"))
    text = _one(
        rng,
        f"I would like {numbers[n]} {unit} of {what}",
        f"please send {numbers[n]} {unit} of {what}",
        f"{numbers[n]} {unit} of {what} for {rng.choice(_CITIES)}",
    )
    return Pair(text, f"{n + 2} x {what}")


def polite(rng: random.Random, side: Side) -> Pair:
    """An order as a polite question."""
    verb, what = rng.choice(_VERBS), word(rng, side)
    extra = _one(rng, "", "", f" for {name(rng, side)}", f" on {rng.choice(_DAYS)}")
    adjective = _one(rng, "", "", rng.choice(_ADJECTIVES) + " ")
    text = f"{verb} the {adjective}{what}{extra}"
    return Pair(f"{text[0].upper()}{text[1:]}.", f"Could you please {text}?")


def negation(rng: random.Random, side: Side) -> Pair:
    """The opposite: with ``not`` where it belongs."""
    who, what = name(rng, side), word(rng, side)
    adjective, verb = rng.choice(_ADJECTIVES), rng.choice(_VERBS)
    before, after = rng.choice(
        (
            (f"The {what} is", adjective),
            (f"{who} will", f"{verb} the {what}"),
            (f"{who} can", f"{verb} it"),
            (f"The {what}s are", adjective),
            (f"{who} was", adjective),
        )
    )
    return Pair(f"{before} {after}.", f"{before} not {after}.")


def statement(rng: random.Random, side: Side) -> Pair:
    """A yes-or-no question as the statement it asks about."""
    who, what = name(rng, side), word(rng, side)
    helper, subject, rest = rng.choice(
        (
            ("is", f"the {what}", rng.choice(_ADJECTIVES)),
            ("will", who, f"{rng.choice(_VERBS)} the {what}"),
            ("can", f"the {what}", f"help {who}"),
            ("was", who, f"in {rng.choice(_CITIES)}"),
            ("must", f"the {what}", "wait"),
        )
    )
    said = f"{subject} {helper} {rest}."
    return Pair(f"{helper.capitalize()} {subject} {rest}?", said[0].upper() + said[1:])


def sorted_name(rng: random.Random, side: Side) -> Pair:
    """``Maria Lopez`` -> ``Lopez, Maria``; titles and addresses around it are dropped."""
    first, last = name(rng, side), name(rng, side)
    text = _one(
        rng,
        f"{first} {last}",
        f"Dr. {first} {last}",
        f"{first} {last} ({rng.choice(_CITIES)})",
        f"Prof. {first} {last}, {rng.choice(_CITIES)}",
    )
    return Pair(text, f"{last}, {first}")


TASKS: tuple[TeachTask, ...] = (
    TeachTask(
        "question-form", "Tell whether a sentence is a question or a statement.", question_form
    ),
    TeachTask("message-tone", "Tell whether a message is formal or casual.", tone),
    TeachTask(
        "topic-of-text", "Tell the topic of a sentence: sport, money, weather or food.", topic
    ),
    TeachTask("ticket-urgency", "Tell whether a ticket must be done now or later.", urgency),
    TeachTask("older-person", "Name the older of two people.", older),
    TeachTask("caller-name", "Find the name of the person who writes a message.", caller),
    TeachTask("travel-destination", "Find the place where a journey ends.", destination),
    TeachTask(
        "order-line", "Turn an order in words into a line with the number and the goods.", ordered
    ),
    TeachTask("polite-request", "Turn an order into a polite question.", polite),
    TeachTask("negated-sentence", "Negate a sentence.", negation),
    TeachTask("question-to-statement", "Turn a yes-or-no question into a statement.", statement),
    TeachTask("sorted-name", "Write a person's name with the family name first.", sorted_name),
)


def pairs_of(task: TeachTask, side: Side, n: int, seed: int) -> list[Pair]:
    """The same pairs for the same seed, no input twice."""
    rng = random.Random(f"{task.name}/{side}/{seed}")
    found: dict[str, str] = {}
    while len(found) < n:
        made = task.draw(rng, side)
        found.setdefault(made.input, made.output)
    return [Pair(a, b) for a, b in found.items()]

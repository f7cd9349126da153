"""Random requests with their plans.

A plan line is the clause of the request as it stands there, with its values between << and >>:

    Reverse<<A text>>, then count its vowels   ->   #1 Reverse<<A>>
                                                    #2 count<<#1>> vowels

Values have been replaced by letters (`skillweave.agent.nano.literals`). So planning is cutting, copying and resolving references, and never naming a skill: it works for
skills that nobody has thought of yet. Nested noun phrases come out innermost first.
"""

from __future__ import annotations

import random
import re
from typing import NamedTuple

from skillweave.agent.nano.corpus import discourse as d
from skillweave.agent.nano.corpus.styles import draw_style
from skillweave.agent.nano.corpus.words import Side
from skillweave.agent.nano.corpus.writer import Arg, Kind, Writer
from skillweave.agent.nano.corpus.written import written
from skillweave.agent.nano.literals import MARKED, Masked, kind_of, mask, unquoted

WRITTEN = 0.55
"""Share of the training requests that people wrote; the others are composed."""


_LISTED = re.compile(r"(?:,| and) [^\s,]+$")


class Example(NamedTuple):
    """One request, the lines of its plan, and the steps it looks back on."""

    request: str
    plan: str
    history: str = ""
    steps: int = 0


def earlier(writer: Writer) -> tuple[str, Arg]:
    """Steps of earlier turns: their lines, and the last one's result as the user would call it."""
    rng = writer.rng
    writer.next_id = rng.randint(1, 9)
    for _ in range(rng.randint(1, 3)):
        operation, template = writer.pick(None, "V")
        main = (
            writer.literal(operation.main)
            if rng.random() < 0.5 or writer.next_id < 2
            else Arg("", f"<<#{writer.next_id - 1}>>")
        )
        writer.clause(template, main)
    lines, writer.lines, writer.previous, writer.special = writer.lines, [], None, False
    return _kinds("\n".join(lines)), writer.it(writer.next_id - 1, operation.result)


def make(rng: random.Random, kind: Kind) -> Example:
    """One random example of a kind; all but ``train`` hold something that training never shows."""
    while True:
        by_hand = kind == "written" or (kind == "train" and rng.random() < WRITTEN)
        drawn = _written(rng, kind) if by_hand else _composed(rng, kind)
        if drawn is None:
            continue
        start = 0 if kind != "train" or rng.random() < 0.5 else rng.randint(0, 8)
        masked = mask(" " + drawn.request, start=start)
        plan = _lettered(drawn.plan, masked)
        if plan is not None:
            return drawn._replace(request=masked.text, plan=plan)


def _composed(rng: random.Random, kind: Kind) -> Example | None:
    """A request made of phrases; None where it holds nothing of its kind."""
    writer = Writer(rng, kind)
    steps = _steps(rng, kind)
    history = ""
    if rng.random() < 0.25:
        history, writer.memory = earlier(writer)
    text = draw_style(writer, steps).strip(" ")
    if rng.random() < 0.55 and text[0].isalpha() and not _starts_a_goal(writer, text):
        text = text[0].upper() + text[1:]
    if "\n" not in text or rng.random() < 0.2:
        text += _close(writer, text)
    if kind in ("compositions", "phrases", "templates") and not writer.special:
        return None
    return Example(text, "\n".join(writer.lines), history, steps)


def _close(writer: Writer, text: str) -> str:
    """The last words of a request; after a list in bare words none that could be one of its items."""
    while (words := writer.wording(d.CLOSE)).startswith(",") and _LISTED.search(text):
        pass
    return words


def _written(rng: random.Random, kind: Kind) -> Example:
    """A request that somebody wrote, now and then with other words around it."""
    writer = Writer(rng, kind)
    history = earlier(writer)[0] if rng.random() < 0.15 else ""
    side: Side = "train" if kind == "train" else "held-out"
    text, plan, steps = written(rng, side, first=writer.next_id)
    if "\n" not in text and rng.random() < 0.25:
        text = text.rstrip(".?!")
        text += _close(writer, text)
    if rng.random() < 0.08:
        text = writer.wording(d.PREAMBLE).capitalize() + " " + text
    elif rng.random() < 0.2 and not re.search(rf"(?m)^#\d+ {re.escape(text.split()[0])}\b", plan):
        text = text[0].lower() + text[1:]
    return Example(text, plan, history, steps)


def _steps(rng: random.Random, kind: Kind) -> int:
    match kind:
        case "train":
            return rng.choices(range(1, 9), (4, 8, 8, 6, 5, 4, 2, 2))[0]
        case "long":
            return rng.randint(5, 6)
        case "longer":
            return rng.randint(9, 10)
        case _:
            return rng.choices((1, 2, 3, 4), (1, 3, 3, 2))[0]


def _starts_a_goal(writer: Writer, text: str) -> bool:
    return any(re.match(rf"#\d+ {re.escape(text[:2])}", line) for line in writer.lines)


_SLOT = re.compile(r"<<(?!#)(.*?)>>", re.DOTALL)


def _lettered(plan: str, masked: Masked) -> str | None:
    """The plan with letters for values; None where a value was cut otherwise than it was meant."""
    cut = False
    words = MARKED.sub("\0", masked.text)

    def one(slot: re.Match[str]) -> str:
        nonlocal cut
        text = slot.group(1).strip(" ") or slot.group(1)
        letter = masked.letter(text)
        cut |= letter is None and text not in words
        return f"<<{letter}>>" if letter else slot.group()

    lettered = _SLOT.sub(one, plan)
    return None if cut else lettered


def _kinds(lines: str) -> str:
    """Lines of earlier turns show no values, only what they are."""
    return _SLOT.sub(lambda slot: f"<<{kind_of(unquoted(slot.group(1)))}>>", lines)

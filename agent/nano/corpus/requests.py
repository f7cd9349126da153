"""Random requests with their plans.

A plan line is the clause of the request as it stands there, with its values between << and >>:

    Reverse 'abc def', then count its vowels   ->   #1 Reverse<< 'abc def'>>
                                                    #2 count<<#1>> vowels

So planning is cutting, copying and resolving references, and never naming a skill: it works for
skills that nobody has thought of yet. Nested noun phrases come out innermost first.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from skillweave.agent.nano.corpus import discourse as d
from skillweave.agent.nano.corpus.styles import draw_style
from skillweave.agent.nano.corpus.writer import Arg, Kind, Writer


@dataclass(frozen=True)
class Example:
    """One request, the steps it looks back on, and the lines of its plan."""

    request: str
    plan: str
    history: str = ""
    steps: int = 0


def _earlier(writer: Writer) -> tuple[str, Arg]:
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
    return "\n".join(lines), writer.it(writer.next_id - 1, operation.result)


def make(rng: random.Random, kind: Kind) -> Example:
    """One random example of a kind; all but ``train`` hold something that training never shows."""
    while True:
        writer = Writer(rng, kind)
        if kind == "long":
            steps = rng.randint(5, 6)
        else:
            steps = rng.choices((1, 2, 3, 4), (2, 4, 4, 3) if kind == "train" else (1, 3, 3, 2))[0]
        history = ""
        if rng.random() < 0.25:
            history, writer.memory = _earlier(writer)
        text = draw_style(writer, steps).strip(" ")
        if (
            rng.random() < 0.55
            and text[0].isalpha()
            and not writer.lines[0].startswith(f"#{writer.next_id - len(writer.lines)} {text[:2]}")
        ):
            text = text[0].upper() + text[1:]
        text += writer.wording(d.CLOSE)
        if kind in ("train", "long") or writer.special:
            return Example(" " + text, "\n".join(writer.lines), history, steps)

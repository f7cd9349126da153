"""The synthetic corpus of nano: what it is asked, and what it should answer.

`conversation` draws one training example; held-out kinds are drawn by `held_out`.
"""

from __future__ import annotations

import random
from typing import Literal, NamedTuple, get_args

from skillweave.agent.nano.corpus.doing import doing
from skillweave.agent.nano.corpus.filling import filling
from skillweave.agent.nano.corpus.requests import Example, earlier, make
from skillweave.agent.nano.corpus.talk import exchange
from skillweave.agent.nano.corpus.words import Side
from skillweave.agent.nano.corpus.writer import Writer
from skillweave.agent.nano.literals import mask

Task = Literal["plan", "fill", "do"]
HeldOut = Literal[
    "compositions", "phrases", "templates", "long", "longer", "written", "fill", "say", "beyond"
]
HELD_OUT: tuple[HeldOut, ...] = get_args(HeldOut)


class Conversation(NamedTuple):
    """One question to nano and the answer it should give."""

    task: Task
    user: str
    answer: str


def plan_question(request: str, history: str = "") -> str:
    """The text of a planning question: the last steps of the conversation, then the request."""
    return f"{history}\n{request}" if history else request


def _plan(example: Example) -> Conversation:
    return Conversation("plan", plan_question(example.request, example.history), example.plan)


def conversation(rng: random.Random) -> Conversation:
    """One training example: mostly planning, then filling, talking and small text tasks."""
    share = rng.random()
    if share < 0.70:
        return _plan(make(rng, "train"))
    if share < 0.82:
        return Conversation("fill", *_fill(rng, "train"))
    if share < 0.94:
        return _talk(rng, "train")
    done = doing(rng, "train")
    return Conversation("do", done.input, done.output)


def planning(rng: random.Random) -> Conversation:
    """One training example of planning alone: mostly requests, some talk."""
    return _plan(make(rng, "train")) if rng.random() < 0.85 else _talk(rng, "train")


def _fill(rng: random.Random, side: Side) -> tuple[str, str]:
    made = filling(rng, side)
    return made.question, made.answer


def _talk(rng: random.Random, side: Side, *, beyond: bool | None = None) -> Conversation:
    """Small talk, or a request to be declined; now and then in the middle of a conversation."""
    said = exchange(rng, side, beyond=beyond)
    history = earlier(Writer(rng, "train"))[0] if rng.random() < 0.3 else ""
    return Conversation("plan", plan_question(mask(said.request).text, history), said.answer)


def held_out(rng: random.Random, kind: HeldOut) -> Conversation:
    """One example of a kind that training never shows."""
    if kind == "fill":
        return Conversation("fill", *_fill(rng, "held-out"))
    if kind == "say" or kind == "beyond":
        return _talk(rng, "held-out", beyond=kind == "beyond")
    return _plan(make(rng, kind))

"""Requests that need no step, and requests that lie beyond a planner of skills."""

from __future__ import annotations

import random
import re
import zlib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from skillweave.agent.nano.corpus.words import Side, name, word

BEYOND = "beyond"
SAY = "say"


_NO_COMMAND = re.compile(
    r"(what|who|why|is|are|how|when|where|which|if|do|does|did|should|can|will|would|my|i|there|in|by|a|\{)\b|\{",
    re.IGNORECASE,
)


class Talk(NamedTuple):
    """Phrasings of one intent, and the reply (empty for what lies beyond)."""

    train: tuple[str, ...]
    held_out: tuple[str, ...]
    reply: str


class Exchange(NamedTuple):
    request: str
    answer: str


@cache
def intents() -> tuple[Talk, ...]:
    """The intents of ``talk.txt``."""
    source = files("skillweave.agent.nano.corpus").joinpath("talk.txt").read_text("utf-8")
    found = []
    for line in source.splitlines():
        if not line or line.startswith(("#", "[")):
            continue
        phrases, _, reply = line.partition("=>")
        said = [p.strip() for p in phrases.split(" | ")]
        train = tuple(p for p in said if not p.startswith("!"))
        found.append(Talk(train, tuple(p[1:] for p in said if p.startswith("!")), reply.strip()))
    return tuple(found)


@cache
def beyond_requests(side: Side) -> tuple[str, ...]:
    """The requests of ``beyond.txt``, written by hand; one in ten is held out."""
    source = files("skillweave.agent.nano.corpus").joinpath("beyond.txt").read_text("utf-8")
    lines = [line for line in source.splitlines() if line]
    held_out = side == "held-out"
    return tuple(x for x in lines if (zlib.crc32(x.encode()) % 10 == 0) == held_out)


def _topic(rng: random.Random, side: Side) -> str:
    kind = rng.random()
    if kind < 0.3:
        return name(rng, side)
    words = [word(rng, side, invented_share=0.05) for _ in range(rng.choice((1, 1, 2, 3)))]
    return rng.choice(("", "", "the ", "a ", "my ", "some ")) + " ".join(words)


def exchange(rng: random.Random, side: Side, *, beyond: bool | None = None) -> Exchange:
    """A request and its direct answer: ``say <reply>``, or ``beyond``."""
    beyond = rng.random() < 0.75 if beyond is None else beyond
    if beyond and rng.random() < 0.5:
        return Exchange(" " + rng.choice(beyond_requests(side)), BEYOND)
    intent = rng.choice([i for i in intents() if bool(i.reply) != beyond])
    phrases = intent.train if side == "train" else intent.held_out
    text = re.sub(r"\{t\}", lambda _: _topic(rng, side), rng.choice(phrases))
    text = re.sub(r"\{n\}", lambda _: str(rng.randint(2, 99)), text)
    if beyond and rng.random() < 0.3 and not _NO_COMMAND.match(text):
        text = rng.choice(("please", "can you", "could you", "hi,", "i want you to")) + " " + text
    if rng.random() < 0.5:
        text = text[0].upper() + text[1:]
    text += rng.choice(("", ".", "?", "!", "", " please", ", please."))
    return Exchange(" " + text, BEYOND if beyond else f"{SAY} {intent.reply}")

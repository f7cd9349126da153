"""Small text tasks, so that the base model has read, copied and rearranged text before any adapter."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from skillweave.agent.nano.corpus.words import Side, name, word


class Doing(NamedTuple):
    input: str
    output: str


def _sentence(rng: random.Random, side: Side) -> list[str]:
    return [
        name(rng, side) if rng.random() < 0.2 else word(rng, side) for _ in range(rng.randint(2, 9))
    ]


_TASKS: dict[str, Callable[[list[str]], str]] = {
    "copy": " ".join,
    "backwards": lambda w: " ".join(reversed(w)),
    "first": lambda w: w[0],
    "last": lambda w: w[-1],
    "names": lambda w: ", ".join(x for x in w if x[0].isupper()) or "none",
    "lower": lambda w: " ".join(x for x in w if x.islower()) or "none",
    "drop first": lambda w: " ".join(w[1:]),
    "swap ends": lambda w: " ".join([w[-1], *w[1:-1], w[0]]),
    "commas": ", ".join,
    "plural": lambda w: " ".join(x + "s" for x in w),
    "any names": lambda w: "yes" if any(x[0].isupper() for x in w) else "no",
}


def doing(rng: random.Random, side: Side) -> Doing:
    """``backwards: one two three`` -> ``three two one``; or the rule to be seen from two examples."""
    task = rng.choice(list(_TASKS))
    words = _sentence(rng, side)
    if rng.random() < 0.3:
        shots = [_sentence(rng, side)[:4] for _ in range(2)]
        head = "".join(f" {' '.join(s)} => {_TASKS[task](s)};" for s in shots)
        return Doing(f"{head} {' '.join(words)} =>", " " + _TASKS[task](words))
    return Doing(f" {task}: {' '.join(words)}", " " + _TASKS[task](words))

"""Which adapters play an episode of BabyAI, by the arm."""

from __future__ import annotations

import random

from skillweave.evals.suite import Arm, Sample
from skillweave.evals.suites.babyai_skills import PIECES, Shelf
from skillweave.evals.suites.babyai_world import COMPOSED, LEVELS, Level
from skillweave.skills.mix import Mix, Term
from skillweave.skills.model import Skill

COUNTS = tuple(PIECES)
"""Demonstrations of the curve."""
BY_NAME = {level.name: level for level in (*LEVELS, *COMPOSED)}


class Composing(Arm):
    """For composed levels alone."""

    def takes(self, sample: Sample) -> bool:
        return sample.level > 1


BOT = Arm(name="bot", about="minigrid's own bot, for the most that can be had")
CHANCE = Arm(name="chance", about="an untried action at random")
ARMS = (
    # First those that need no training, which a smoke run has no time for.
    BOT,
    CHANCE,
    Arm(name="none", about="nano without an adapter", offer="none"),
    Arm(name="library", about="the adapter that the library finds by the mission"),
    Arm(name="right", about="the level's own adapter", offer="right"),
    Arm(
        name="shared",
        about="one adapter for all, trained on a quarter of what the twelve saw together",
    ),
    Composing(name="mixed", about="equal shares of the adapters of a composed level's parts"),
    Composing(name="summed", about="the same adapters, each in full"),
    Arm(name="wrong", about="what the library finds once the right adapters are withheld"),
    Arm(name="random", about="any adapter but the right ones"),
)
CURVE = (
    BOT,
    CHANCE,
    Arm(name="none", about="nano without an adapter", offer="none"),
    *(Arm(name=f"own-{n}", about=f"an adapter of {n} demonstrations of the level") for n in COUNTS),
    *(Arm(name=f"shared-{n}", about=f"one adapter, of {n} of each level") for n in COUNTS),
    Arm(name="grown-0", about="another level's adapter, that the library finds"),
    *(Arm(name=f"grown-{n}", about=f"begun there, {n} of the level added") for n in COUNTS),
)


def chosen(
    shelf: Shelf, arm: str, seed: int, sample: Sample, mission: str
) -> list[tuple[Skill, float]]:
    """Adapters with their weights; none: the base model."""
    level = BY_NAME[sample.family]
    how, _, count = arm.partition("-")
    if how == "none":
        return []
    if how == "shared":
        return [(shelf.shared(int(count or shelf.full), seed), 1.0)]
    if count:
        return [(_of_few(shelf, how, level, int(count), seed), 1.0)]
    library = shelf.library(seed)
    right = level.parts or (level.name,)
    if how == "right":
        return [(library.get(level.name), 1.0)]
    if how == "random":
        others = [one.name for one in LEVELS if one.name not in right]
        drawn = random.Random(f"{seed}/{sample.id}").choice(others)
        return [(library.get(drawn), 1.0)]
    found = [h.skill for h in library.search(mission, kinds={"adapter"}, k=len(LEVELS))]
    wrong = [skill for skill in found if skill.name not in right]
    if how in ("library", "wrong"):
        return [(skill, 1.0) for skill in (found if how == "library" else wrong)[:1]]
    weight = 1.0 if how == "summed" else 1.0 / len(right)
    return [(library.get(name), weight) for name in right]


def expression(adapters: list[tuple[str, float]]) -> str | None:
    """The model name of a request to these adapters; None for the base.

    >>> expression([("open-door@ab12", 0.5), ("unlock@cd34", 0.5)])
    'open-door@ab12:0.5+unlock@cd34:0.5'
    """
    terms = []
    for reference, weight in adapters:
        name, _, version = reference.partition("@")
        terms.append(Term(name=name, version=version or None, weight=weight))
    return str(Mix(terms=tuple(terms))) if terms else None


def _of_few(shelf: Shelf, how: str, level: Level, count: int, seed: int) -> Skill:
    if how == "own":
        return shelf.own(level, count, seed)
    return shelf.grown(level, count, seed) if count else shelf.nearest(level, seed)

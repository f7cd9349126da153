"""What was practised and what comes next: a curriculum by learning progress.

A family of tasks is worth practising when its success is neither sure nor out of reach, or when it is
changing (Oudeyer's learning progress). The record is a file that only grows, so that practice goes on
where it was cut off.
"""

from __future__ import annotations

import math
import os
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue, ValidationError

from skillweave.agent.growth.practise_tasks import Source
from skillweave.agent.result import Outcome
from skillweave.skills.model import Frozen

FILE = "practise.jsonl"
WINDOW = 3
"""Attempts that are compared with as many before them."""
FLOOR = 0.02
"""Weight of a family that is mastered, or out of reach: what was known may be lost."""
PRIOR = 0.5


class Attempted(Frozen):
    """One attempt at a task."""

    at: str
    family: str
    source: Source
    request: str
    expected: JsonValue = None
    got: JsonValue = None
    outcome: Outcome
    right: bool
    kept: tuple[str, ...] = ()
    """Skills that the gate let in because of it."""
    taught: tuple[str, ...] = ()
    """Tools that learned the words they were asked for with."""
    why: str = ""
    """Why nothing was kept, or what went wrong."""
    tokens: int = 0
    seconds: float = 0.0


class Course:
    """The record of a library's practice."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.attempts = list(_read(file))

    def add(self, attempted: Attempted) -> None:
        """Put an attempt on record, on disk before it counts."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        cut = self._file.is_file() and self._file.read_bytes()[-1:] not in (b"", b"\n")
        with self._file.open("a", encoding="utf-8") as file:
            file.write("\n" * cut + attempted.model_dump_json() + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.attempts.append(attempted)

    def choose(self, families: Sequence[str], rng: random.Random) -> str:
        """The family to practise next, by weight."""
        known = self.by_family()
        weights = [weight(family, known) for family in families]
        return rng.choices(list(families), weights)[0]

    def by_family(self) -> Mapping[str, list[bool]]:
        """Outcomes by family, oldest first."""
        found: dict[str, list[bool]] = defaultdict(list)
        for one in self.attempts:
            found[one.family].append(one.right)
        return dict(found)


def weight(family: str, known: Mapping[str, Sequence[bool]]) -> float:
    """How much a family is worth practising: its uncertainty plus its learning progress.

    >>> moving = [False] * 3 + [True] * 3
    >>> weight("a", {"a": [True] * 8}) < weight("a", {}) < weight("a", {"a": moving})
    True
    """
    own = known.get(family, ())
    chance = expected_success(family, known)
    uncertain = 4 * chance * (1 - chance) / math.sqrt(1 + len(own))
    return FLOOR + uncertain + progress(own)


def expected_success(family: str, known: Mapping[str, Sequence[bool]]) -> float:
    """Of the next attempt: from the family's own record, and before there is one from its parts'."""
    parts = family.split(">")
    prior = PRIOR
    if len(parts) > 1:
        prior = 1.0
        for part in parts:
            prior *= expected_success(part, known)
    own = known.get(family, ())
    return (sum(own) + 2 * prior) / (len(own) + 2)


def progress(outcomes: Sequence[bool]) -> float:
    """How far the latest attempts differ from those before, up or down.

    >>> progress([False, False, False, True, True, True]), progress([True] * 6)
    (1.0, 0.0)
    """
    late, early = outcomes[-WINDOW:], outcomes[-2 * WINDOW : -WINDOW]
    if not early:
        late, early = outcomes[len(outcomes) // 2 :], outcomes[: len(outcomes) // 2]
    if not early:
        return 0.0
    return abs(sum(late) / len(late) - sum(early) / len(early))


def _read(file: Path) -> Iterable[Attempted]:
    """All attempts; a line that a kill cut off is left out."""
    if not file.is_file():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            yield Attempted.model_validate_json(line)
        except ValidationError:
            continue

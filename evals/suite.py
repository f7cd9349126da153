"""The vocabulary of a measurement: samples, arms, and a suite that holds data, scorer and arms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from skillweave.agent.result import Result
from skillweave.evals.record import Record
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.model import Frozen

Offer = Literal["all", "none", "given", "right", "wrong", "random"]
"""Which skills a search of the agent may find.

``all``: the whole library; ``none``: nothing; ``given``: those that come with the sample;
``right``: those known to be right; ``wrong``: all but the right ones, or, where nobody knows which
these are, all but the first one; ``random``: others drawn by the seed. Under ``wrong`` and ``random``
the skills stand at the scores of those they replace, so that the agent takes them for a good match.
"""
Learning = Literal["nothing", "skills", "trajectories"]
"""What an arm adds to its library on the way: nothing, the agent's own compiled skills, or the raw
record of every task that the agent itself believes solved."""


class Sample(Frozen):
    """One request, and what its scorer and its arms have to know."""

    id: str
    request: str
    family: str
    """Samples of one family share a bar of the report."""
    level: int = 1
    """Skills that the task composes."""
    expected: JsonValue = None
    given: tuple[str, ...] = ()
    """Names of the skills that come with the sample."""
    right: tuple[str, ...] = ()
    """Names of the skills known to be right."""


class Arm(Frozen):
    """A setting of the agent."""

    name: str
    about: str
    offer: Offer = "all"
    learn: Learning = "nothing"

    @property
    def grows(self) -> bool:
        """Whether a sample depends on those before it."""
        return self.learn != "nothing"


class Score(Frozen):
    """What a scorer says of one result, from 0 to 1."""

    value: float
    note: str = ""


class Table(Frozen):
    """What a suite alone has to say, for the report."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]


@dataclass(frozen=True)
class Loaded:
    """The data of a suite, read."""

    samples: tuple[Sample, ...]
    files: dict[str, str]
    """sha256 of every file that was read, by its name."""
    skills: Sequence[WrappedSkill] = ()
    """Skills that the library holds besides the built-in ones; none of those when there are any."""


def no_tables(records: Sequence[Record]) -> tuple[Table, ...]:
    """A suite that says no more than all suites do."""
    return ()


@dataclass(frozen=True)
class Suite:
    """Data, scorer and arms."""

    name: str
    about: str
    arms: tuple[Arm, ...]
    load: Callable[[Path | None], Loaded]
    """Reads the data; the argument is the folder of public data, where there is one.

    Raises `DataMissingError` when the suite needs that folder and it does not hold the files."""
    score: Callable[[Sample, Result], Score]
    reference: str = "library"
    """The arm that all others are compared with."""
    tables: Callable[[Sequence[Record]], tuple[Table, ...]] = field(default=no_tables)

    def arm(self, name: str) -> Arm:
        """An arm by name."""
        return next(arm for arm in self.arms if arm.name == name)


NONE = Arm(name="none", about="the agent finds no skill", offer="none")
LIBRARY = Arm(name="library", about="the built-in skills, as they are")
GROWN = Arm(name="grown", about="the same, and the agent learns on the way", learn="skills")
RANDOM = Arm(name="random", about="every skill found is replaced by a random one", offer="random")
WRONG = Arm(name="wrong", about="the best skill found is withheld", offer="wrong")
TRAJECTORIES = Arm(
    name="trajectories",
    about="the built-in skills, and raw records of earlier tasks as experiences",
    learn="trajectories",
)
EVERYDAY = (NONE, LIBRARY, GROWN, RANDOM, WRONG, TRAJECTORIES)

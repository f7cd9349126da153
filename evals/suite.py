"""The vocabulary of a measurement: samples, arms, and a suite that holds data, scorer and arms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import JsonValue

from skillweave.agent.handle import ModelHandle
from skillweave.agent.profiles.base import Profile
from skillweave.agent.result import Result
from skillweave.agent.settings import Settings
from skillweave.agent.trace import Trace
from skillweave.evals.record import Record
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.model import Frozen
from skillweave.skills.sandbox import Sandbox
from skillweave.store.library import Library

if TYPE_CHECKING:
    from skillweave.agent.api import Agent

Offer = Literal["all", "none", "given", "right", "wrong", "random"]
"""Which skills a search of the agent may find.

``all``: the whole library; ``none``: nothing; ``given``: those that come with the sample;
``right``: those known to be right, in samples where that is known; ``wrong``: all but the right ones,
or, where nobody knows which these are, all but the first one; ``random``: others drawn by the seed.
Under ``wrong`` and ``random`` the skills stand at the scores of those they replace, so that the agent
takes them for a good match.
"""
Learning = Literal["nothing", "skills", "trajectories", "train"]
"""What an arm adds to its library on the way: nothing, the agent's own compiled skills, or the raw
record of every task that the agent itself believes solved. ``train``: before the first sample, both of
these for the suite's training samples that it got right; nothing on the way."""


Adapters = Literal["none", "right", "wrong", "mixed"]
"""The adapter that answers: the base model alone, the right one, another one, or both in equal parts."""


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
    right: tuple[str, ...] | None = None
    """Names of the skills known to be right; none of them: no skill is; None: nobody knows."""


class Arm(Frozen):
    """A setting of the agent."""

    name: str
    about: str
    offer: Offer = "all"
    learn: Learning = "nothing"
    adapters: Adapters = "none"
    """Only for suites that ask adapters themselves."""

    @property
    def grows(self) -> bool:
        """Whether a sample depends on those before it."""
        return self.learn != "nothing"

    def takes(self, sample: Sample) -> bool:
        """Whether the arm can try a sample; an oracle must know what is right."""
        return self.offer != "right" or sample.right is not None


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
    """Skills that the library holds; none: the built-in ones."""
    beside: bool = False
    """Whether it holds the built-in ones as well."""
    train: tuple[Sample, ...] = ()
    """What an arm that learns from ``train`` is trained on; never among the samples."""


def no_tables(records: Sequence[Record]) -> tuple[Table, ...]:
    """A suite that says no more than all suites do."""
    return ()


@dataclass(frozen=True)
class Solving:
    """One trial of a suite that does not put its samples to the agent."""

    model: ModelHandle
    library: Library
    settings: Settings
    arm: Arm
    seed: int
    sample: Sample
    run: str
    """The id that the result must have."""
    trace: Trace
    sandbox: Sandbox | None = None
    """Opened, and not to be closed; None: there is none yet."""


@dataclass(frozen=True)
class Seen:
    """What a person who was answered sees."""

    agent: Agent
    arm: Arm
    sample: Sample
    result: Result
    score: Score


@dataclass(frozen=True)
class Opening:
    """What a suite is given that brings the model its samples are put to."""

    data: Path | None
    settings: Settings
    arms: tuple[str, ...]
    tell: Callable[[str], None]
    """Hears, in a line, what goes on."""


def always(settings: Settings) -> str:
    """A suite that can be run with any model."""
    return ""


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
    solve: Callable[[Solving], Result] | None = None
    """What is done with a sample; without it the agent runs its request."""
    opens: Callable[[Opening], tuple[ModelHandle, Profile]] | None = None
    """The suite's own model, in the place of the one that the user names."""
    after: Callable[[Seen], tuple[str, ...]] | None = None
    """What a person does after a scored sample, in arms that grow; gives the names of skills that came
    of it."""
    skips: Callable[[Settings], str] = always
    """Why the suite cannot be run with the model that the user names, in a line; empty when it can."""

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
ORACLE = Arm(name="oracle", about="only the skills that the task needs", offer="right")
EVERYDAY = (NONE, LIBRARY, GROWN, RANDOM, WRONG, TRAJECTORIES, ORACLE)
BY_ADAPTER = (
    Arm(name="none", about="the base model, no adapter"),
    Arm(name="right", about="the adapter trained for the task", adapters="right"),
    Arm(name="wrong", about="an adapter trained for another task", adapters="wrong"),
    Arm(name="mixed", about="the right and a wrong one, half of each", adapters="mixed"),
)

"""Insights and the votes for them: what is added, edited, agreed with and removed (ExpeL).

The list beside the library is the memory of the votes; an insight that has enough of them is an
experience skill, and those in the library are the truth.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen

FILE = "insights.json"
NEEDED = 2
"""Votes from which an insight is offered to the gate."""
Op = Literal["add", "edit", "agree", "remove"]


class Insight(Frozen):
    """What several runs taught."""

    id: str
    """Of what it is about, not of its words: editing keeps it."""
    text: str
    use_when: str = ""
    avoid_when: str = ""
    goal: str = ""
    """The words of the step it is about, without values; empty when it is about none alone."""
    prefer: str = ""
    """A skill that should come first for that goal."""
    avoid: str = ""
    """A skill that should come last for it."""
    votes: int = 1
    runs: tuple[str, ...] = ()
    """Runs that have voted, for it or against it."""

    @property
    def stands(self) -> bool:
        """Whether it has the votes to be in the library."""
        return self.votes >= NEEDED


class Operation(Frozen):
    """One change of the list."""

    op: Op
    id: str
    insight: Insight | None = None
    """What is added, or the new words of what is edited."""
    runs: tuple[str, ...] = ()
    """The runs that speak for it (or, when it is to be removed, against it)."""


class Ballot(Frozen):
    """All insights, and the runs that were looked at."""

    insights: tuple[Insight, ...] = ()
    seen: tuple[str, ...] = ()
    """Runs that a model has read already: they do not vote twice."""

    def get(self, name: str) -> Insight | None:
        """An insight by its id."""
        return next((one for one in self.insights if one.id == name), None)

    def changed(self, operations: Iterable[Operation]) -> Ballot:
        """After these operations; what no vote is left for is gone.

        >>> one = Insight(id="a", text="Sort before you search.", votes=2)
        >>> ballot = Ballot().changed([Operation(op="add", id="a", insight=one)])
        >>> ballot.changed([Operation(op="agree", id="a")]).insights[0].votes
        3
        >>> ballot.changed([Operation(op="remove", id="a")] * 2).insights
        ()
        """
        known = {one.id: one for one in self.insights}
        for operation in operations:
            old = known.get(operation.id)
            if old is None:
                if operation.op == "add" and operation.insight is not None:
                    known[operation.id] = operation.insight
                continue
            known[operation.id] = _voted(old, operation)
        kept = tuple(one for one in known.values() if one.votes > 0)
        return self.model_copy(update={"insights": kept})

    def having_seen(self, runs: Sequence[str]) -> Ballot:
        """With these runs among those looked at."""
        return self.model_copy(update={"seen": tuple(dict.fromkeys((*self.seen, *runs)))})

    @classmethod
    def load(cls, file: Path) -> Ballot:
        """The ballot of a library; empty when there was none.

        Raises:
            UserError: the file says something else.
        """
        try:
            return cls.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, ValidationError) as error:
            raise UserError(f"{file}: cannot be read; delete it to start the votes anew") from error

    def save(self, file: Path) -> None:
        """Write it at once, never half."""
        fresh = file.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as target:
            target.write(self.model_dump_json(indent=1) + "\n")
            target.flush()
            os.fsync(target.fileno())
        fresh.replace(file)


def id_of(*about: str) -> str:
    """A short name for what an insight is about."""
    return hashlib.sha256("\n".join(about).encode()).hexdigest()[:10]


def _voted(old: Insight, operation: Operation) -> Insight:
    """An edit and an agreement are a vote for it, a removal is one against it."""
    runs = tuple(run for run in operation.runs if run not in old.runs)
    if operation.runs and not runs:
        return old  # these runs have voted
    weight = len(runs) or 1
    votes = old.votes + (-weight if operation.op == "remove" else weight)
    update: dict[str, object] = {"votes": votes, "runs": (*old.runs, *runs)}
    if operation.op == "edit" and operation.insight is not None:
        new = operation.insight
        update |= new.model_dump(include={"text", "use_when", "avoid_when", "prefer"})
    return old.model_copy(update=update)

"""The manifest of a run: everything needed to judge it, to repeat it, and to go on with it."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import skillweave.agent
import skillweave.evals
import skillweave.skills
import skillweave.store
from skillweave.evals.machine import Machine, this_machine
from skillweave.evals.suite import Loaded, Sample
from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen, Skill

SAME = ("plan", "samples", "data", "library", "model_hash")
"""What a resumed run must share with what was begun."""


class Limits(Frozen):
    """The budget of one sample."""

    max_steps: int
    max_tokens: int
    max_seconds: float


class Plan(Frozen):
    """What was asked for."""

    suite: str
    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    limit: int | None = None
    """Samples at most; None: all."""
    model: str
    limits: Limits


class Manifest(Frozen):
    """One run of one suite."""

    plan: Plan
    samples: str
    """sha256 of the chosen samples, their requests and expected answers included."""
    count: int
    """Chosen samples."""
    data: dict[str, str]
    """sha256 of every data file, by name."""
    library: str
    """sha256 over the names and digests of the skills that every arm starts with."""
    skills: int
    parallel: int
    """Samples at the same time, in arms that do not grow. A server may round differently when its
    batches differ, and plans for the rest of a task are drawn by chance: the figures are the same
    to the last digit only where the model's answers are."""
    model_hash: str
    """sha256 of the base model's weights; empty when the server does not tell."""
    sources: tuple[str, ...]
    """sha256 of the program; several when it changed between a run and its resumption."""
    machine: Machine
    command: str
    made: str

    @classmethod
    def of(
        cls,
        plan: Plan,
        loaded: Loaded,
        samples: Sequence[Sample],
        skills: Sequence[Skill],
        model_hash: str,
        parallel: int,
    ) -> Self:
        """The manifest of a run that begins now."""
        return cls(
            plan=plan,
            samples=_digest(sample.model_dump_json() for sample in samples),
            count=len(samples),
            data=loaded.files,
            library=_digest(sorted(f"{skill.name}@{skill.digest}" for skill in skills)),
            skills=len(skills),
            parallel=parallel,
            model_hash=model_hash,
            sources=(source_hash(),),
            machine=this_machine(),
            command=" ".join(["skillweave", *sys.argv[1:]]),
            made=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def goes_on(self, now: Manifest) -> Manifest:
        """This manifest, with the sources of the resumption.

        Raises:
            UserError: what was begun is another run.
        """
        differing = [name for name in SAME if getattr(self, name) != getattr(now, name)]
        if differing:
            raise UserError(
                f"what was begun there differs in: {', '.join(differing)}; name another folder"
            )
        sources = tuple(dict.fromkeys((*self.sources, *now.sources)))
        return self.model_copy(update={"sources": sources})


def source_hash() -> str:
    """sha256 over all modules of the program."""
    parts = (skillweave.agent, skillweave.evals, skillweave.skills, skillweave.store)
    folders = [Path(part.__path__[0]) for part in parts]
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    return _digest(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()

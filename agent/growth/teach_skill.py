"""From examples to an admitted adapter: train, write, and let the gate judge what was written."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue

from skillweave.agent.growth.admission import Admission
from skillweave.agent.growth.teach import (
    Lesson,
    Limits,
    OnProgress,
    Pair,
    Progress,
    Split,
    Trained,
    train,
)
from skillweave.agent.growth.teach_base import Base
from skillweave.agent.growth.teach_start import Start, near_adapters, start_of
from skillweave.agent.growth.verdict import Candidate, Task, Verdict
from skillweave.skills.caselines import format_cases
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.errors import SandboxUnavailableError, UserError
from skillweave.skills.factors import Adapter, read_factors, write_adapter
from skillweave.skills.files import Content
from skillweave.skills.folder import PREFIX, complete_files, skill_of_files
from skillweave.skills.model import Case, Frozen, Skill
from skillweave.skills.sandbox import ToolOutcome
from skillweave.store.embed import Embedder
from skillweave.store.library import Library

AUTHOR = "teach"
CASES = 24
SHOWN = 3


class NotLearnedError(UserError):
    """The gate refused what was learned; the message says why."""


class Taught(Frozen):
    """What a lesson came to."""

    skill: Skill
    verdict: Verdict
    right: int
    """Examples that the training never saw and that come out exactly."""
    held: int
    base_right: int
    """The same with the library as it was before."""
    start: str
    step: int
    steps: int
    seconds: float
    """Of training and judging, without the loading of the model."""

    def line(self) -> str:
        """For a person."""
        begun = "" if self.start == "none" else f", begun from {self.start}"
        return (
            f"{self.right} of {self.held} examples it never saw come out right "
            f"({self.base_right} before); {self.steps} steps in {self.seconds:.0f} s{begun}"
        )


class AdapterSolver:
    """Held-out examples with the new adapter, or with the nearest one that the library has."""

    def __init__(self, base: Base, goal: str, tasks: Sequence[Task], new: Adapter, old: Adapter):
        rows = base.rows([Pair(task.request, str(task.expected)) for task in tasks], goal)
        places = {task.request: n for n, task in enumerate(tasks)}
        with_it, without = base.right(rows, new), base.right(rows, old)
        self.new = {request: with_it[n] for request, n in places.items()}
        self.old = {request: without[n] for request, n in places.items()}

    def solve(self, task: Task, candidate: Candidate | None) -> bool:
        """See `Solver.solve`."""
        return (self.old if candidate is None else self.new)[task.request]


class _NoTools:
    """An adapter runs none."""

    def run(self, source: str, function: str, arguments: Mapping[str, JsonValue]) -> ToolOutcome:
        raise SandboxUnavailableError("an adapter has no code to run")


class Learned(NamedTuple):
    """An adapter that was trained and written, and is in no library yet."""

    lesson: Lesson
    split: Split
    wrapped: WrappedSkill
    adapter: Adapter
    """As it stands in its file."""
    start: Start
    trained: Trained
    began: float


def teach(
    lesson: Lesson,
    library: Library,
    base: Base,
    *,
    limits: Limits | None = None,
    embedder: Embedder | None = None,
    on_progress: OnProgress = lambda _: None,
) -> Taught:
    """Train an adapter and admit it; nothing is written to the library before the gate has judged.

    Raises:
        NotLearnedError: the gate refused it; the refusal is on record.
        UserError: the examples, the start or the library cannot be used.
    """
    learned = learn(lesson, library, base, limits=limits, on_progress=on_progress)
    on_progress(Progress(phase="judging"))
    return offer(learned, library, base, embedder=embedder)


def learn(
    lesson: Lesson,
    library: Library,
    base: Base,
    *,
    limits: Limits | None = None,
    on_progress: OnProgress = lambda _: None,
) -> Learned:
    """Train an adapter; for errors see `teach`."""
    limits, split, goal = limits or Limits(), lesson.split(), goal_of(lesson)
    on_progress(Progress(phase="loading the model"))
    rows, valid = base.rows(split.train, goal), base.rows(split.valid, goal)
    _check_lengths(rows, base)
    began = time.monotonic()
    start = start_of(lesson, library, base, rows, goal, limits.rank)
    trained = train(
        base.trainable,
        base.lessons(split.train, goal, limits.vary, lesson.seed),
        valid,
        pad=base.pad,
        limits=limits,
        seed=lesson.seed,
        start=start.adapter,
        on_progress=on_progress,
    )
    if not trained.adapter:
        raise NotLearnedError(f"{lesson.name}: the training gained nothing; give more examples")
    with tempfile.TemporaryDirectory(prefix="skillweave-teach-") as scratch:
        folder = Path(scratch, "adapter")
        write_adapter(trained.adapter, folder, base_model=base.name, base=base.hash)
        wrapped = _wrapped(lesson, split, base, folder, start, trained)
        kept = read_factors(folder)
    return Learned(lesson, split, wrapped, kept, start, trained, began)


def offer(
    learned: Learned, library: Library, base: Base, *, embedder: Embedder | None = None
) -> Taught:
    """Let the gate judge by the examples that were kept back; for errors see `teach`."""
    lesson, goal = learned.lesson, goal_of(learned.lesson)
    tasks = [Task(request=p.input, arguments={}, expected=p.output) for p in learned.split.held]
    old = _nearest(lesson, library, base, goal)
    solver = AdapterSolver(base, goal, tasks, learned.adapter, old)
    admission = Admission(library, _NoTools(), embedder=embedder)
    verdict = admission.offer(learned.wrapped, AUTHOR, tasks, solver=solver)
    if verdict.decision not in ("probation", "approval"):
        raise NotLearnedError(f"{lesson.name} was not admitted: {verdict.reason}")
    admitted = verdict.decision == "probation"
    return Taught(
        skill=library.get(lesson.name) if admitted else learned.wrapped.skill,
        verdict=verdict,
        right=sum(solver.new.values()),
        held=len(tasks),
        base_right=sum(solver.old.values()),
        start=learned.start.name,
        step=learned.trained.step,
        steps=learned.trained.steps,
        seconds=time.monotonic() - learned.began,
    )


def goal_of(lesson: Lesson) -> str:
    """What the adapter does, in one sentence."""
    words = lesson.name.replace("-", " ")
    return " ".join(lesson.description.replace("{}", "").split()) or f"{words.capitalize()}."


def _nearest(lesson: Lesson, library: Library, base: Base, goal: str) -> Adapter:
    near = near_adapters(library, goal, base, lesson.name)
    path = near[0].path if near else None
    return read_factors(path) if path is not None else {}


def _check_lengths(rows: Sequence[object], base: Base) -> None:
    longest = max(len(getattr(row, "ids", ())) for row in rows)
    most = int(getattr(base.trainable.config, "max_position_embeddings", longest))
    if longest > most:
        raise UserError(f"an example has {longest} pieces; {base.name} reads at most {most}")


def _wrapped(
    lesson: Lesson, split: Split, base: Base, adapter: Path, start: Start, trained: Trained
) -> WrappedSkill:
    goal = goal_of(lesson)
    every = [*split.train, *split.valid, *split.held]
    scores = {
        "examples": {"train": len(split.train), "valid": len(split.valid), "held": len(split.held)},
        "valid_right": trained.right,
        "best_step": trained.step,
        "steps": trained.steps,
        "seconds": round(trained.seconds, 1),
        "start": start.name,
        "seed": lesson.seed,
        "base_model": base.name,
    }
    skill = Skill(
        name=lesson.name,
        description=goal,
        kind="adapter",
        body=_body(lesson, split, base),
        metadata={f"{PREFIX}base": base.hash, f"{PREFIX}author": AUTHOR},
        requests=lesson.requests,
        cases=_cases(split.held[:CASES]),
    )
    files: dict[str, Content] = {
        f"adapter/{file.name}": file.read_bytes() for file in sorted(adapter.iterdir())
    }
    files["references/examples.jsonl"] = format_cases(_cases(every)).encode()
    files["references/scores.json"] = (json.dumps(scores, indent=2) + "\n").encode()
    complete = complete_files(skill, files)
    read = skill_of_files(complete, Path(skill.name))
    return WrappedSkill(skill=read, files=complete, source=Path(skill.name))


def _cases(pairs: Sequence[Pair]) -> tuple[Case, ...]:
    return tuple(Case(input=pair.input, expected=pair.output) for pair in pairs)


def _body(lesson: Lesson, split: Split, base: Base) -> str:
    shown = "\n".join(f"- `{p.input}` gives `{p.output}`" for p in split.train[:SHOWN])
    count = sum(map(len, split))
    return (
        f"# {lesson.name.replace('-', ' ').capitalize()}\n\n{goal_of(lesson)}\n\n{shown}\n\n"
        f"A LoRA adapter for {base.name}, taught by {count} examples (`references/examples.jsonl`),"
        f" of which {len(split.held)} were kept back to judge it (`verdict.json`)."
    )

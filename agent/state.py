"""What the graph knows while it works. Everything in here goes into checkpoints.

Two states: `State` of a whole run, and `StepState` of one step, which runs in a graph of its own
beside the other steps that are ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypedDict
from typing import Literal as OneOf

from pydantic import JsonValue

from skillweave.agent.checkpoints import Checkpoints
from skillweave.agent.plan import Literal, Plan, Ref, Step
from skillweave.agent.profiles.base import Done, Planned
from skillweave.agent.result import Attempt, Result, StepReport, Verdict
from skillweave.skills.model import Frozen, SkillKind

MODEL = "model"
"""Stands where a skill's name would stand when the base model itself does a step."""
KEPT_DONE = 8
"""Finished steps of earlier turns that a new request may refer to."""


class Candidate(Frozen):
    """A skill that may do a step."""

    skill: str
    """``name@digest``, or ``model``."""
    kind: SkillKind | OneOf["model"]
    toolkit: str | None = None
    score: float = 0.0
    match: float = 0.0
    """How relevant the skill is to the goal, 0..1; see `skillweave.store.ranking.Hit.relevance`."""


class Folded(Frozen):
    """A part of the plan that one composite skill does in a single step."""

    step: int
    skill: str
    parameters: tuple[str, ...]
    """The skill's parameters, in the order of the step's inputs."""


def by_id(old: Sequence[StepReport], new: Sequence[StepReport]) -> tuple[StepReport, ...]:
    """Reducer: a later report on a step takes the place of an earlier one."""
    reports = {report.id: report for report in (*old, *new)}
    return tuple(reports[number] for number in sorted(reports))


def add_up(old: int, new: int) -> int:
    """Reducer: a total."""
    return old + new


def append(old: Sequence[Attempt], new: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """Reducer: one after the other."""
    return (*old, *new)


class Doubtful(Frozen):
    """A step for which no skill is surely meant."""

    goal: str
    """In words, with its values."""
    nearest: str
    """Name of the skill that is nearest to it."""


class State(TypedDict, total=False):
    """A run. ``history`` and the first three are its input, ``result`` its output."""

    run: str
    task: str
    pinned: Sequence[str]
    history: Sequence[Done]
    planned: Planned
    why: str
    """Why there is no plan, when the model's answer gave none."""
    plan: Plan | None
    unsure: Plan
    """What the model made of the request when it was too uncertain to be tried."""
    doubtful: Doubtful
    """The step for whose sake it is, where the reading itself is sure."""
    unfolded: Plan | None
    """The plan as the model made it, when a composite skill stands for a part of ``plan``."""
    folded: Sequence[Folded]
    confidence: float
    reports: Annotated[Sequence[StepReport], by_id]
    replans: int
    tokens: Annotated[int, add_up]
    """Tokens that were not spent on a step."""
    new_skills: Sequence[str]
    result: Result


class StepState(TypedDict, total=False):
    """One step. ``step``, ``values`` and what follows up to ``folded`` are its input."""

    run: str
    step: Step
    values: Sequence[JsonValue]
    """Values of ``step.inputs``, in order."""
    pinned: Sequence[str]
    alone: bool
    """Whether the plan has no other step."""
    folded: Folded | None
    candidates: Sequence[Candidate]
    notes: Sequence[str]
    experiences: Sequence[str]
    attempt: Attempt
    attempts: Annotated[Sequence[Attempt], append]
    reports: Annotated[Sequence[StepReport], by_id]


class StepOutput(TypedDict, total=False):
    """What a step hands back to its run."""

    reports: Annotated[Sequence[StepReport], by_id]


def finished(state: State) -> tuple[Done, ...]:
    """The steps of this run that are done, with their values."""
    plan = state.get("plan")
    values = {r.id: r.value for r in state.get("reports", ()) if r.ok}
    steps = plan.steps if plan is not None else ()
    return tuple(Done(step=s, value=values[s.id]) for s in steps if s.id in values)


def reports_of(state: State) -> dict[int, StepReport]:
    """The latest report on every step of the current plan that was tried."""
    plan = state.get("plan")
    own = {s.id for s in plan.steps} if plan is not None else set()
    return {r.id: r for r in state.get("reports", ()) if r.id in own}


_VALUES: tuple[type[Frozen], ...] = (
    Attempt, Candidate, Done, Doubtful, Folded, Literal, Plan, Planned, Ref, Result, Step, StepReport,
    Verdict,
)  # fmt: skip


def serializer() -> Checkpoints:
    """Writes and reads checkpoints; reads back no types but those of the state."""
    allowed = [(value.__module__, value.__name__) for value in _VALUES]
    return Checkpoints(allowed_msgpack_modules=allowed)

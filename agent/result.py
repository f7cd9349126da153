"""What a run tells: events while it runs, one result at its end. All frozen values."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from skillweave.agent.plan import Plan
from skillweave.skills.model import Frozen, SkillKind

Method = Literal["cases", "types", "recomputation", "model", "none"]
Outcome = Literal["solved", "answered", "declined", "failed"]


class Verdict(Frozen):
    """What was checked about one step, by something other than its author."""

    ok: bool
    method: Method
    detail: str = ""
    """One line for a person: ``3 of 3 declared cases hold; value is an integer``."""


class Attempt(Frozen):
    """One try at a step with one skill."""

    skill: str
    """``name@digest`` of the skill, or ``model`` when the base model itself did the step."""
    kind: SkillKind | Literal["model"]
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    value: JsonValue = None
    error: str = ""
    refused: bool = False
    """It never ran: the values of the step are not what it takes."""
    verdict: Verdict | None = None
    experiences: tuple[str, ...] = ()
    """``name@digest`` of the experiences that stood in the prompt."""
    model: str = ""
    """The model name of the request: the base model, or an adapter."""
    seconds: float = 0.0
    tokens: int = 0

    @property
    def ok(self) -> bool:
        """Whether the attempt gave a value that no check refused."""
        return not self.error and (self.verdict is None or self.verdict.ok)


class StepReport(Frozen):
    """A step, its result and every attempt that led there."""

    id: int
    goal: str
    """The goal with its values put in, for a person."""
    value: JsonValue = None
    ok: bool = False
    attempts: tuple[Attempt, ...] = ()


class Result(Frozen):
    """The end of a run."""

    run: str
    task: str
    outcome: Outcome
    """``solved``: a plan was executed and verified; ``answered``: answered directly, without a step;
    ``declined``: the agent says honestly that it cannot; ``failed``: it tried and did not get there."""
    answer: str
    value: JsonValue = None
    """The machine-readable answer: the last step's value, or a list of them."""
    plan: Plan | None = None
    steps: tuple[StepReport, ...] = ()
    skills: tuple[str, ...] = ()
    """``name@digest`` of every skill that contributed."""
    new_skills: tuple[str, ...] = ()
    nearest: str = ""
    """Where it was declined for want of a skill that is surely meant: the name of the nearest one."""
    read_as: str = ""
    """The call in words, where the request was read off one tool: ``tank volume (length 80, width 35)``."""
    replans: int = 0
    confidence: float = 1.0
    tokens: int = 0
    seconds: float = 0.0


class PlanMade(Frozen):
    """A plan was accepted, the first one or a new one for the rest."""

    kind: Literal["plan"] = "plan"
    plan: Plan
    confidence: float = 1.0
    replan: bool = False


class StepStarted(Frozen):
    """A step is being tried with a skill."""

    kind: Literal["step_started"] = "step_started"
    id: int
    goal: str
    skill: str


class StepFinished(Frozen):
    """A step has its value, or has failed for good."""

    kind: Literal["step_finished"] = "step_finished"
    step: StepReport


class Token(Frozen):
    """A piece of text that a model is writing."""

    kind: Literal["token"] = "token"
    text: str


class SkillLearned(Frozen):
    """The run left a new skill in the library."""

    kind: Literal["skill_learned"] = "skill_learned"
    skill: str
    detail: str = ""


class Finished(Frozen):
    """The run is over; the last event of every run."""

    kind: Literal["finished"] = "finished"
    result: Result


Event = PlanMade | StepStarted | StepFinished | Token | SkillLearned | Finished

"""The seam between the graph and a family of models: how to ask, and how to read the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import Field, JsonValue

from skillweave.agent.plan import Plan, Step
from skillweave.skills.model import Frozen, Signature, Skill

if TYPE_CHECKING:
    from skillweave.agent.handle import Answer

Role = Literal["system", "user", "assistant"]

BEYOND, SAY = "beyond", "say"
"""Readings that are no plans: nobody here can do it, and: it is for the model to find words."""


class Message(Frozen):
    role: Role
    content: str


class Structure(Frozen):
    """What the answer must look like: a context-free grammar (EBNF) or a JSON Schema."""

    grammar: str | None = None
    json_schema: Mapping[str, JsonValue] | None = None


class Prompt(Frozen):
    """One question to the chat model."""

    messages: tuple[Message, ...]
    structure: Structure | None = None
    max_tokens: int = 512
    temperature: float = 0.0


class Done(Frozen):
    """A step of an earlier turn of the same conversation, which a new request may refer to."""

    step: Step
    value: JsonValue


class Planned(Frozen):
    """What the model made of a request: exactly one of a plan, direct words, or ``beyond``."""

    plan: Plan | None = None
    say: str | None = None
    beyond: bool = False


class Filled(Frozen):
    """The arguments for a tool."""

    arguments: dict[str, JsonValue] = Field(default_factory=dict)


class Profile(Protocol):
    """Prompts and readers for one family of models. Readers raise `PlanError` on nonsense."""

    @property
    def name(self) -> str: ...

    def plan(self, request: str, history: Sequence[Done], hints: Sequence[Skill]) -> Prompt:
        """Ask for a plan. Step ids go on after those of ``history``; ``hints`` are skills that
        searching with the whole request found (a small model may ignore them)."""
        ...

    def readings(self, request: str, history: Sequence[Done]) -> Sequence[Answer]:
        """What can be made of a request without asking the model, likeliest first: plans for
        `read_plan`, `BEYOND` or `SAY`. Empty where only the model can tell."""
        ...

    def replan(
        self, request: str, history: Sequence[Done], done: Sequence[Done], failed: Step, why: str
    ) -> Prompt:
        """Ask for the rest of the plan, from the failing step on."""
        ...

    def read_plan(self, text: str, request: str, history: Sequence[Done]) -> Planned: ...

    def faults(self, text: str, request: str) -> float:
        """What the words of the request say against a plan, in nats; 0 for nothing.

        A plan with faults is worth asking again for (a large model may leave this at 0)."""
        ...

    def fill(
        self, step: Step, values: Sequence[JsonValue], signature: Signature, notes: Sequence[str]
    ) -> Prompt | None:
        """Ask for arguments; ``values`` stand for ``step.inputs`` in order, ``notes`` are experiences.
        None when no question is needed (a single obvious assignment)."""
        ...

    def read_fill(
        self, text: str | None, step: Step, values: Sequence[JsonValue], signature: Signature
    ) -> Filled:
        """Read the arguments; ``text`` is None when `fill` asked nothing."""
        ...

    def do(
        self, step: Step, values: Sequence[JsonValue], skill: Skill | None, notes: Sequence[str]
    ) -> Prompt:
        """Ask the model itself (or the adapter ``skill``, or with the guide ``skill``) to do the step."""
        ...

    @property
    def does_steps(self) -> bool:
        """Whether the bare model may do a step that no skill fits (False for nano)."""
        ...

    @property
    def min_confidence(self) -> float:
        """From where on a plan is tried: its probability, lowered by what its steps lack in relevance of
        the skills that are there for them. 0 where none was measured."""
        ...

    def answer(self, request: str, results: Sequence[Done]) -> Prompt | None:
        """Ask for the words of the final answer; None: the graph renders the values itself."""
        ...

"""A plan: an immutable graph of steps. Building one that has a cycle or a dangling reference fails."""

from __future__ import annotations

import re
from typing import Self

from pydantic import model_validator

from skillweave.skills.errors import PlanError
from skillweave.skills.model import Frozen

SLOT = "{}"
_SLOT_TEXT = re.compile(r"\{\}")


class Literal(Frozen):
    """A value that stands in the request, copied exactly."""

    text: str


class Ref(Frozen):
    """The result of an earlier step."""

    step: int


Input = Literal | Ref


class Step(Frozen):
    """One step: a goal in words with one slot ``{}`` per input, in order.

    ``Step(id=2, goal="multiply {} by {}", inputs=(Ref(step=1), Literal(text="3")))``
    """

    id: int
    goal: str
    inputs: tuple[Input, ...] = ()
    expects: str = ""
    """The type of the expected output (a JSON Schema type name), or empty when open."""

    @model_validator(mode="after")
    def _one_slot_per_input(self) -> Self:
        slots = len(_SLOT_TEXT.findall(self.goal))
        if slots != len(self.inputs):
            raise PlanError(f"step {self.id}: {slots} slots but {len(self.inputs)} inputs")
        if not self.goal.strip():
            raise PlanError(f"step {self.id} has no goal")
        return self

    @property
    def needs(self) -> frozenset[int]:
        """The ids of the steps whose results this one takes."""
        return frozenset(i.step for i in self.inputs if isinstance(i, Ref))

    def words(self, fill: str = "") -> str:
        """The goal without its values, as a search query: ``multiply by``."""
        return " ".join(_SLOT_TEXT.sub(fill, self.goal).split())

    def render(self, *, references: bool = True) -> str:
        """The goal with its values: ``multiply #1 by 3``, or ``multiply  by 3``."""
        values = iter(self.inputs)

        def one(_: re.Match[str]) -> str:
            value = next(values)
            if isinstance(value, Literal):
                return value.text
            return f"#{value.step}" if references else ""

        return _SLOT_TEXT.sub(one, self.goal)


class Plan(Frozen):
    """Steps in an order in which every reference points backwards."""

    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _references_point_backwards(self) -> Self:
        seen: set[int] = set()
        for step in self.steps:
            if step.id in seen:
                raise PlanError(f"two steps are numbered {step.id}")
            dangling = sorted(n for n in step.needs if n >= step.id)
            if dangling:
                raise PlanError(f"step {step.id} refers to #{dangling[0]}, which is not before it")
            seen.add(step.id)
        return self

    def ready(self, done: frozenset[int]) -> tuple[Step, ...]:
        """Steps not done whose references within this plan are all done."""
        own = {s.id for s in self.steps}
        return tuple(s for s in self.steps if s.id not in done and (s.needs & own) <= done)

    def without_repeats(self) -> Self:
        """The plan with steps that say what an earlier one says, of the same inputs, left out.

        >>> twice = Step(id=1, goal="reverse {}", inputs=(Literal(text="ab"),))
        >>> last = Step(id=3, goal="count {}", inputs=(Ref(step=2),))
        >>> plan = Plan(steps=(twice, twice.model_copy(update={"id": 2}), last))
        >>> [step.render() for step in plan.without_repeats().steps]
        ['reverse ab', 'count #1']
        """
        kept: dict[tuple[str, tuple[Input, ...]], Step] = {}
        instead: dict[int, int] = {}
        for step in self.steps:
            inputs = tuple(
                Ref(step=instead.get(i.step, i.step)) if isinstance(i, Ref) else i
                for i in step.inputs
            )
            first = kept.setdefault((step.goal, inputs), step.model_copy(update={"inputs": inputs}))
            instead[step.id] = first.id
        return self.model_copy(update={"steps": tuple(kept.values())})

    def leaves(self) -> tuple[Step, ...]:
        """The steps whose results no other step takes: the answers."""
        used = frozenset().union(*(s.needs for s in self.steps)) if self.steps else frozenset()
        return tuple(s for s in self.steps if s.id not in used)

"""The space that the search walks: known expressions in classes, and blocks of calls to try.

A class holds expressions of equal cost and kind; a block is a tool with a class for every argument,
so one entry of the agenda stands for the whole product of its classes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from skillweave.agent.growth.compile import Tool
from skillweave.agent.growth.search_kinds import distances, kinds_of
from skillweave.agent.growth.search_runner import Trial
from skillweave.skills.model import Frozen


class Class(NamedTuple):
    """What the expressions of a class have in common."""

    steps: int
    size: int
    kind: str
    fixed: bool
    """A constant; an expression is computed from at least one argument that is none."""


class Slot(Frozen):
    """A parameter that a form of a tool fills."""

    name: str
    kinds: frozenset[str]
    only_fixed: bool = False


class Form(Frozen):
    """A tool with the parameters that are given: the required ones, and at most one more."""

    tool: str
    slots: tuple[Slot, ...]
    gives: frozenset[str]


class Block(NamedTuple):
    """Calls of one form whose arguments come from these classes."""

    form: Form
    classes: tuple[Class, ...]
    only_hits: bool
    """Look for the goal only. What these calls give else is worked out when it is its turn."""


class Key(NamedTuple):
    """The order of the agenda: what a solution through here costs at least, then its size."""

    steps: int
    size: int


def forms_of(name: str, tool: Tool) -> Iterator[Form]:
    """The ways to call a tool; an optional parameter takes constants only."""
    parameters = tool.signature.parameters
    gives = kinds_of(tool.signature.returns)
    required = [Slot(name=p.name, kinds=kinds_of(p.json_schema)) for p in parameters if p.required]
    if required:
        yield Form(tool=name, slots=tuple(required), gives=gives)
    for p in parameters:
        if required and not p.required:
            extra = Slot(name=p.name, kinds=kinds_of(p.json_schema), only_fixed=True)
            yield Form(tool=name, slots=(*required, extra), gives=gives)


class Space:
    """Expressions by class, and the agenda of blocks; a block is offered once its classes are full.

    That they are full is what the order gives: the bound never falls along a program and the size
    grows with every call, so that all blocks that fill a class come before all that use it.
    """

    def __init__(self, forms: Sequence[Form], goal: str, most_steps: int) -> None:
        self._forms = forms
        self._goal = goal
        self._most_steps = most_steps
        edges = [(frozenset().union(*(s.kinds for s in f.slots)), f.gives) for f in forms]
        self._distances: Mapping[str, int] = distances(edges, goal)
        self._members: dict[Class, list[int]] = {}
        self._agenda: list[tuple[Key, str, int, Block]] = []
        self._count = 0

    def enter(self, where: Class, expression: int) -> None:
        """Put an expression into its class; a new class brings blocks with it."""
        known = self._members.setdefault(where, [])
        known.append(expression)
        if len(known) == 1:
            self._open(where)

    def next(self) -> tuple[Key, list[Block]] | None:
        """All blocks of the least key; None when everything was tried."""
        if not self._agenda:
            return None
        least = self._agenda[0][0]
        blocks = []
        while self._agenda and self._agenda[0][0] == least:
            blocks.append(heapq.heappop(self._agenda)[-1])
        return least, blocks

    def trials(self, block: Block) -> Iterator[Trial]:
        """The calls of a block."""
        names = [slot.name for slot in block.form.slots]
        for chosen in product(*(self._members[one] for one in block.classes)):
            yield Trial(tool=block.form.tool, arguments=tuple(zip(names, chosen, strict=True)))

    def _open(self, new: Class) -> None:
        for form in self._forms:
            fits = [[c for c in self._members if _fits(c, slot)] for slot in form.slots]
            for place in range(len(fits)):
                if new not in fits[place]:
                    continue
                before = [[c for c in one if c != new] for one in fits[:place]]
                for classes in product(*before, [new], *fits[place + 1 :]):
                    if not all(one.fixed for one in classes):
                        self._offer(form, classes)

    def _offer(self, form: Form, classes: tuple[Class, ...]) -> None:
        """Partial expansion: a call may give the goal now, and be the way to it a step later."""
        steps = 1 + sum(one.steps for one in classes)
        size = 1 + sum(one.size for one in classes)
        if self._goal in form.gives and steps <= self._most_steps:
            self._push(Key(steps, size), Block(form, classes, only_hits=True))
        onward = [max(1, d) for kind in form.gives if (d := self._distances.get(kind)) is not None]
        if onward and steps + min(onward) <= self._most_steps:
            self._push(Key(steps + min(onward), size), Block(form, classes, only_hits=False))

    def _push(self, key: Key, block: Block) -> None:
        self._count += 1
        heapq.heappush(self._agenda, (key, block.form.tool, self._count, block))


def _fits(one: Class, slot: Slot) -> bool:
    return one.kind in slot.kinds and (one.fixed or not slot.only_fixed)

"""Many tool calls in one round trip to the warm sandbox worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue, TypeAdapter, ValidationError

from skillweave.agent.growth.compile import Tool
from skillweave.skills.sandbox import Limits, Sandbox

LIMITS = Limits(cpu_seconds=20, wall_seconds=60.0, result_bytes=64 << 20)
ONE = Limits(cpu_seconds=1, wall_seconds=10.0)

Vector = list[JsonValue]
"""What one expression gives, one value per example."""


class Trial(NamedTuple):
    """A call to make: a tool, and for each argument the number of a known vector."""

    tool: str
    arguments: tuple[tuple[str, int], ...]


class Observer:
    """Runs trials over the vectors that are known so far."""

    def __init__(self, sandbox: Sandbox, tools: Mapping[str, Tool]) -> None:
        self._sandbox = sandbox
        self._tools = tools
        self._driver = Path(__file__).with_name("search_driver.py").read_text(encoding="utf-8")
        self._answer = TypeAdapter(list[tuple[int, Vector]])

    def observe(
        self,
        trials: Sequence[Trial],
        vectors: Sequence[Vector],
        goal: Vector,
        *,
        only_hits: bool = False,
    ) -> list[tuple[Trial, Vector]]:
        """The trials that gave something, without those that gave the same as one before.

        With ``only_hits`` those that give ``goal`` in the first examples, which is much faster.
        A batch that crosses a limit is halved until the call that does it stands alone and is dropped.
        """
        found = self._batch(trials, vectors, goal, only_hits)
        if found is not None:
            return [(trials[number], vector) for number, vector in found]
        if len(trials) <= 1:
            return []
        middle = len(trials) // 2
        halves = (trials[:middle], trials[middle:])
        return [
            one for half in halves for one in self.observe(half, vectors, goal, only_hits=only_hits)
        ]

    def _batch(
        self, trials: Sequence[Trial], vectors: Sequence[Vector], goal: Vector, only_hits: bool
    ) -> list[tuple[int, Vector]] | None:
        tools = {name: place for place, name in enumerate(dict.fromkeys(t.tool for t in trials))}
        used = dict.fromkeys(number for t in trials for _, number in t.arguments)
        places = {number: place for place, number in enumerate(used)}
        sources: list[JsonValue] = [
            [self._tools[name].source, self._tools[name].signature.function] for name in tools
        ]
        values: list[JsonValue] = [vectors[number] for number in used]
        calls: list[JsonValue] = [
            [tools[t.tool], [[name, places[number]] for name, number in t.arguments]]
            for t in trials
        ]
        arguments: dict[str, JsonValue] = {
            "tools": sources,
            "values": values,
            "calls": calls,
            "goal": goal,
            "only_hits": only_hits,
        }
        limits = LIMITS if len(trials) > 1 else ONE
        outcome = self._sandbox.run(self._driver, "observe", arguments, limits)
        if not outcome.ok:
            return None
        try:
            return self._answer.validate_python(outcome.value)
        except ValidationError:  # a tool forged it
            return None

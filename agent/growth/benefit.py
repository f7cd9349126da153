"""Held-out requests with and without the candidate, paired (McNemar 1947), until the answer is clear."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from pydantic import JsonValue

from skillweave.agent.deps import tool_source
from skillweave.agent.growth.calls import Calls
from skillweave.agent.growth.exact import Sequential, sign_test, upper_bound
from skillweave.agent.growth.neighbours import Views
from skillweave.agent.growth.verdict import Candidate, Finding, Task
from skillweave.agent.schema import problem
from skillweave.skills.cases import same_value
from skillweave.skills.model import Frozen, Signature
from skillweave.store.library import Library
from skillweave.store.ranking import Hit

MIN_EFFECT = 0.1
"""A candidate that certainly wins fewer of its held-out requests is not worth its place."""
MOSTLY = 0.5
"""Share of its held-out examples that an adapter must give exactly: nothing checks it in use."""
DEPTH = 6


class Solver(Protocol):
    """Tries a request with the library as it is, or with one more skill in it."""

    def solve(self, task: Task, candidate: Candidate | None) -> bool:
        """Whether the answer was right."""
        ...


class ToolSolver:
    """One step as the agent does it: the nearest tool that takes the values is called with them.

    No model is asked, so a pair costs two searches and two calls.
    """

    def __init__(
        self, library: Library, calls: Calls, views: Views, without: Collection[str] = ()
    ) -> None:
        self._library, self._calls, self._views = library, calls, views
        self._without = frozenset(without)
        self._hits: dict[str, list[Hit]] = {}

    def solve(self, task: Task, candidate: Candidate | None) -> bool:
        """See `Solver.solve`."""
        values = list(task.arguments.values())
        for hit in self._near(task.request):
            if candidate is not None and self._views.nearest(task.request, candidate) >= hit.dense:
                break
            signature = hit.skill.signature
            if hit.skill.name in self._without or signature is None:
                continue
            if (given := by_position(values, signature)) is not None:
                outcome = self._calls.once(tool_source(hit.skill), signature.function, given)
                return outcome.ok and same_value(task.expected, outcome.value)
        return candidate is not None and not wrong(task, candidate, self._calls)

    def _near(self, request: str) -> list[Hit]:
        if request not in self._hits:
            depth = DEPTH + len(self._without)
            self._hits[request] = self._library.search(request, kinds={"tool"}, k=depth)
        return self._hits[request]


def by_position(values: Sequence[JsonValue], signature: Signature) -> dict[str, JsonValue] | None:
    """The values as arguments, in their order; None when they do not fit."""
    parameters = signature.parameters
    required = sum(p.required for p in parameters)
    if not required <= len(values) <= len(parameters):
        return None
    pairs = list(zip(parameters, values, strict=False))
    if any(problem(value, p.json_schema) for p, value in pairs):
        return None
    return {p.name: value for p, value in pairs}


def wrong(task: Task, candidate: Candidate, calls: Calls) -> str:
    """What the candidate gives instead of the right answer; empty when it is right."""
    signature = candidate.skill.signature
    if signature is None:
        return "it has no function"
    outcome = calls.once(candidate.source, signature.function, task.arguments)
    if not outcome.ok:
        return str(outcome.error)
    return "" if same_value(task.expected, outcome.value) else repr(outcome.value)[:80]


class Comparison(Frozen):
    """Paired results so far."""

    pairs: int
    wins: int
    losses: int

    @property
    def effect(self) -> float:
        return (self.wins - self.losses) / self.pairs if self.pairs else 0.0


def compare(candidate: Candidate, solver: Solver) -> Comparison:
    """Pair by pair; it ends early when the sequential test is clear."""
    test, pairs = Sequential(), 0
    for task in candidate.tasks:
        if test.answer != "open":
            break
        with_it, without = solver.solve(task, candidate), solver.solve(task, None)
        pairs += 1
        if with_it != without:
            test = test.add(won=with_it)
    return Comparison(pairs=pairs, wins=test.wins, losses=test.losses)


def mostly_right(candidate: Candidate, solver: Solver) -> Finding:
    """An adapter learned from examples; more of those it never saw must come out right than wrong."""
    right = sum(solver.solve(task, candidate) for task in candidate.tasks)
    count = len(candidate.tasks)
    detail = f"{right} of {count} held-out examples come out right"
    return Finding(stage="held-out", ok=right > MOSTLY * count, detail=detail)


def judged(found: Comparison, *, must_win: bool = False) -> Finding:
    """Refuse what certainly harms, or certainly helps less than the minimum; else go on.

    Args:
        must_win: also refuse what wins no more than it loses.
    """
    harm = sign_test(found.losses, found.wins)
    useless = upper_bound(found.wins, found.pairs) < MIN_EFFECT if found.pairs else False
    useless = useless or (must_win and found.wins <= found.losses)
    harmful = found.losses > found.wins and harm <= 0.05
    counts = f"{found.wins} won and {found.losses} lost of {found.pairs} held-out requests"
    return Finding(
        stage="benefit",
        ok=not (harmful or useless),
        detail=counts,
        effect=found.effect,
        p_value=sign_test(found.wins, found.losses),
    )

"""A stream of requests, each one step: with all candidates, with the admitted ones, with none."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from contextlib import closing
from typing import Literal, NamedTuple

import numpy as np

from skillweave.agent.deps import tool_source
from skillweave.agent.growth.benefit import DEPTH, by_position
from skillweave.agent.growth.calls import Calls
from skillweave.agent.growth.exact import sign_test
from skillweave.agent.growth.inputs import inputs_for
from skillweave.agent.growth.neighbours import Views
from skillweave.agent.growth.verdict import Task
from skillweave.agent.nano.score import wilson
from skillweave.evals.gate_candidates import Known, Maker
from skillweave.skills.cases import same_value
from skillweave.skills.model import Frozen, Skill
from skillweave.store.embed import EmbeddingCache, MiniLMEmbedder
from skillweave.store.layout import Layout
from skillweave.store.library import Library
from skillweave.store.prepared import prepared_vectors
from skillweave.store.views import views_of

Condition = Literal["with the gate", "without the gate", "nothing learned"]
A_TOOL = 3
"""Requests for each tool of which a sound candidate was among those proposed."""


class _Answer(NamedTuple):
    right: bool
    by_faulty: bool = False


class StreamFigures(Frozen):
    """Share of right answers by condition, on the same requests."""

    requests: int
    right: dict[Condition, int]
    interval: dict[Condition, tuple[float, float]]
    """95 % Wilson interval of the share."""
    by_faulty: dict[Condition, int]
    """Requests that a faulty candidate answered, right or wrong: leaks and malice give right values."""
    gate_better: int
    """Requests that are right only with the gate, against without it."""
    gate_worse: int
    p_value: float
    """One-sided exact sign test of these two."""


def run_stream(
    library: Library,
    calls: Calls,
    maker: Maker,
    known: Sequence[Known],
    admitted: Collection[str],
    seed: int,
) -> StreamFigures:
    """The built-in forms of the candidates' tools are hidden throughout."""
    hidden = {one.base for one in known}
    sound = {one.base for one in known if one.fault is None}
    tasks = stream_of(maker, sound, calls, seed)
    passed = [one for one in known if one.name in admitted]
    answers: dict[Condition, list[_Answer]] = {}
    with closing(
        EmbeddingCache(MiniLMEmbedder(), Layout(library.root).embeddings, prepared_vectors)
    ) as cache:
        views = Views(cache)
        chosen: dict[Condition, Sequence[Known]] = {
            "with the gate": passed,
            "without the gate": known,
            "nothing learned": [],
        }
        for condition, candidates in chosen.items():
            solver = _Solver(library, calls, views, candidates, hidden)
            answers[condition] = [solver.solve(task) for task in tasks]
    results = {condition: [one.right for one in rows] for condition, rows in answers.items()}
    pairs = list(zip(results["with the gate"], results["without the gate"], strict=True))
    better, worse = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    right = {condition: sum(rows) for condition, rows in results.items()}
    return StreamFigures(
        requests=len(tasks),
        right=right,
        interval={c: wilson(n, len(tasks)) for c, n in right.items()},
        by_faulty={c: sum(one.by_faulty for one in rows) for c, rows in answers.items()},
        gate_better=better,
        gate_worse=worse,
        p_value=sign_test(better, worse),
    )


def stream_of(maker: Maker, names: Collection[str], calls: Calls, seed: int) -> list[Task]:
    """Requests the candidates' authors do not have, with inputs that no gate has seen, in any order."""
    rng = random.Random(f"stream {seed}")
    tasks = []
    for base in maker.bases:
        if base.skill.name not in names:
            continue
        inputs = [case.arguments for case in base.skill.cases if case.raises is None]
        fresh = inputs_for(base.signature, inputs, rng, 2 * A_TOOL)
        rows = calls.many(base.source, base.signature.function, fresh)
        asked = base.skill.requests[1::2] or base.skill.requests
        right = [(one, row.value) for one, row in zip(fresh, rows, strict=True) if not row.error]
        tasks += [
            Task(request=rng.choice(asked), arguments=one, expected=value)
            for one, value in right[:A_TOOL]
        ]
    rng.shuffle(tasks)
    return tasks


class _Solver:
    """The nearest skill that takes the values, of the library and some candidates."""

    def __init__(
        self,
        library: Library,
        calls: Calls,
        views: Views,
        known: Sequence[Known],
        hidden: Collection[str],
    ) -> None:
        self._library, self._calls, self._views, self._hidden = library, calls, views, hidden
        texts = [[view.text for view in views_of(one.candidate.skill)] for one in known]
        self._known = [one for one, own in zip(known, texts, strict=True) for _ in own]
        flat = [text for own in texts for text in own]
        self._vectors = views.of(flat) if flat else None

    def solve(self, task: Task) -> _Answer:
        """What came of it."""
        values = list(task.arguments.values())
        ranked = [(c, one.candidate.skill, one) for c, one in self._near(task.request)]
        found: list[tuple[float, Skill, Known | None]] = [*ranked]
        depth = DEPTH + len(self._hidden)
        for hit in self._library.search(task.request, kinds={"tool"}, k=depth):
            if hit.skill.name not in self._hidden:
                found.append((hit.dense, hit.skill, None))
        for _, skill, known in sorted(found, key=lambda one: -one[0]):
            given = by_position(values, skill.signature) if skill.signature else None
            if skill.signature is not None and given is not None:
                source = known.candidate.source if known else tool_source(skill)
                outcome = self._calls.once(source, skill.signature.function, given)
                right = outcome.ok and same_value(task.expected, outcome.value)
                return _Answer(right, known is not None and known.fault is not None)
        return _Answer(right=False)

    def _near(self, request: str) -> list[tuple[float, Known]]:
        if self._vectors is None:
            return []
        cosines = self._vectors @ self._views.of([request])[0]
        order = np.argsort(-cosines)[: 4 * DEPTH]
        return [(float(cosines[n]), self._known[n]) for n in order]

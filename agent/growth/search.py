"""A* over the typed tools of the library, from input/output examples (FaSTA*, CRAFT's validation).

Cost is the number of calls, then the size of the program (calls and arguments, constants from the
small pool counted twice). The lower bound of what is missing is the distance between kinds in the
graph of tools. Expressions that give the same in all examples are one expression (observational
equivalence), also in the examples that are kept back, of which only the inputs guide the search.
What composites of the library reach by themselves is tried first (fast), all tools after (slow).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Literal, NamedTuple

from pydantic import Field, JsonValue

from skillweave.agent.growth.compile import Tool
from skillweave.agent.growth.reuse import CHAIN
from skillweave.agent.growth.search_kinds import kind_of_all
from skillweave.agent.growth.search_pool import Constant
from skillweave.agent.growth.search_program import Program
from skillweave.agent.growth.search_promise import doubt
from skillweave.agent.growth.search_runner import Observer, Trial, Vector
from skillweave.agent.growth.search_space import Class, Key, Space, forms_of
from skillweave.agent.growth.source import Argument, Call
from skillweave.skills.cases import same_value
from skillweave.skills.model import Case, Frozen

BATCH = 5000
FAST_STEPS = 2
FAST_SHARE = 10
"""The fast phase gets this part of the budget."""

Phase = Literal["fragments", "tools"]
Stop = Literal["found", "exhausted", "nodes", "seconds"]
Accept = Callable[[Program], bool]


class Limit(Frozen):
    """What a search may cost."""

    nodes: int = Field(default=500_000, ge=1)
    """Calls tried, each in all examples."""
    seconds: float = Field(default=60.0, gt=0)
    steps: int = Field(default=4, ge=1)
    """Calls in the program that is looked for."""


class Progress(Frozen):
    """How far a search is."""

    phase: Phase
    steps: int
    """All programs of fewer calls were tried."""
    nodes: int
    kept: int
    """Expressions that differ in what they give."""
    seconds: float


class Outcome(Frozen):
    """What a search came to."""

    program: Program | None = None
    stopped: Stop
    phase: Phase = "tools"
    nodes: int = 0
    kept: int = 0
    rejected: int = 0
    """Programs that fit the examples given to the search and not the ones kept back."""
    seconds: float = 0.0


class Question(Frozen):
    """What is looked for: a function that gives what the examples show."""

    given: tuple[Case, ...]
    """Examples that the program must fit."""
    kept: tuple[Case, ...]
    """Examples kept back, to refuse programs that fit by chance."""
    constants: tuple[Constant, ...] = ()

    @property
    def examples(self) -> tuple[Case, ...]:
        return (*self.given, *self.kept)


class _Expression(NamedTuple):
    where: Class
    argument: Argument | None
    """A parameter or a constant; None for the result of a trial."""
    trial: Trial | None


def search(
    question: Question,
    tools: Mapping[str, Tool],
    observer: Observer,
    accept: Accept,
    limit: Limit | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Outcome:
    """The cheapest program that fits all examples and that ``accept`` takes, within the limits."""
    limit, begin = limit or Limit(), time.monotonic()
    fragments = {n: t for n, t in tools.items() if CHAIN in t.skill.metadata}
    fast = Limit(
        nodes=max(1, limit.nodes // FAST_SHARE),
        seconds=limit.seconds / FAST_SHARE,
        steps=min(FAST_STEPS, limit.steps),
    )
    phases: list[tuple[Phase, Mapping[str, Tool], Limit]] = [("tools", tools, limit)]
    if fragments:
        phases.insert(0, ("fragments", fragments, fast))
    done = Outcome(stopped="exhausted")
    for phase, some, most in phases:
        run = _Search(question, some, observer, accept, on_progress)
        left = Limit(
            nodes=max(1, min(most.nodes, limit.nodes - done.nodes)),
            seconds=max(0.01, min(most.seconds, limit.seconds - done.seconds)),
            steps=most.steps,
        )
        one = run.go(phase, left)
        done = one.model_copy(
            update={
                "nodes": done.nodes + one.nodes,
                "rejected": done.rejected + one.rejected,
                "seconds": round(time.monotonic() - begin, 3),
            }
        )
        if done.program is not None:
            break
    return done


class _Search:
    """One run over one set of tools."""

    def __init__(
        self,
        question: Question,
        tools: Mapping[str, Tool],
        observer: Observer,
        accept: Accept,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._question = question
        self._observer = observer
        self._accept = accept
        self._on_progress = on_progress
        self._goal: Vector = [case.expected for case in question.given]
        self._kept_goal: Vector = [case.expected for case in question.kept]
        self._forms = [form for name, tool in tools.items() for form in forms_of(name, tool)]
        self._gives = {form.tool: form.gives for form in self._forms}
        self._expressions: list[_Expression] = []
        self._vectors: list[Vector] = []
        self._seen: set[int] = set()
        self._rejected = 0

    def go(self, phase: Phase, limit: Limit) -> Outcome:
        """Try block after block, cheapest first."""
        begin, nodes = time.monotonic(), 0
        program, stopped = None, "exhausted"
        space = Space(self._forms, kind_of_all(self._goal), limit.steps)
        self._enter_leaves(space)
        for key, only_hits, trials in self._batches(space):
            seconds = time.monotonic() - begin
            if self._on_progress is not None:
                self._on_progress(
                    Progress(
                        phase=phase,
                        steps=key.steps,
                        nodes=nodes,
                        kept=len(self._vectors),
                        seconds=seconds,
                    )
                )
            if seconds >= limit.seconds or nodes >= limit.nodes:
                stopped = "seconds" if seconds >= limit.seconds else "nodes"
                break
            some = trials[: limit.nodes - nodes]
            nodes += len(some)
            program = self._try(some, key.size, only_hits, space)
            if program is not None:
                stopped = "found"
                break
        return Outcome.model_validate(
            {
                "program": program,
                "stopped": stopped,
                "phase": phase,
                "nodes": nodes,
                "kept": len(self._vectors),
                "rejected": self._rejected,
                "seconds": time.monotonic() - begin,
            }
        )

    def _batches(self, space: Space) -> Iterator[tuple[Key, bool, list[Trial]]]:
        """Trials of one key, those that look for the goal apart from those that also look beyond."""
        while (found := space.next()) is not None:
            key, blocks = found
            for only_hits in (True, False):
                some = [block for block in blocks if block.only_hits == only_hits]
                trials = (trial for block in some for trial in space.trials(block))
                while batch := list(islice(trials, BATCH)):
                    yield key, only_hits, batch

    def _enter_leaves(self, space: Space) -> None:
        """Inputs and constants."""
        examples = self._question.examples
        for name in examples[0].arguments:
            vector = [case.arguments[name] for case in examples]
            self._enter(vector, 0, 1, Argument(name=name), space)
        for constant in self._question.constants:
            argument = Argument(value=constant.value)
            vector = [constant.value] * len(examples)
            self._enter(vector, 0, constant.size, argument, space)

    def _enter(
        self, vector: Vector, steps: int, size: int, source: Argument | Trial, space: Space
    ) -> None:
        fixed = isinstance(source, Argument) and source.name is None
        if not fixed:
            size += doubt(vector, self._goal)
        where = Class(steps, size, kind_of_all(vector), fixed)
        argument = source if isinstance(source, Argument) else None
        trial = source if isinstance(source, Trial) else None
        self._expressions.append(_Expression(where, argument, trial))
        self._vectors.append(vector)
        self._seen.add(hash(repr(vector)))
        space.enter(where, len(self._vectors) - 1)

    def _try(
        self, trials: Sequence[Trial], size: int, only_hits: bool, space: Space
    ) -> Program | None:
        for trial, vector in self._observer.observe(
            trials, self._vectors, self._goal, only_hits=only_hits
        ):
            if len(vector) != len(self._question.examples):
                continue  # forged
            if only_hits:
                program = self._judged(trial, vector)
                if program is not None:
                    return program
            elif self._is_new(trial, vector):
                steps = 1 + sum(self._expressions[n].where.steps for _, n in trial.arguments)
                self._enter(vector, steps, size, trial, space)
        return None

    def _is_new(self, trial: Trial, vector: Vector) -> bool:
        varies = any(not same_value(vector[0], value) for value in vector[1:])
        declared = kind_of_all(vector) in self._gives[trial.tool]
        return varies and declared and hash(repr(vector)) not in self._seen

    def _judged(self, trial: Trial, vector: Vector) -> Program | None:
        """The program when it also holds on what was kept back."""
        if not _same(self._goal, vector):
            return None
        if _same(self._kept_goal, vector[len(self._goal) :]):
            program = self._program(trial)
            if self._accept(program):
                return program
        self._rejected += 1
        return None

    def _program(self, last: Trial) -> Program:
        """Write out a trial with all that leads to it; what is used twice is called once."""
        calls: list[Call] = []
        results: dict[int, Argument] = {}

        def argument(number: int) -> Argument:
            known = self._expressions[number]
            if known.argument is not None:
                return known.argument
            if number not in results and known.trial is not None:
                results[number] = Argument(name=call(known.trial))
            return results[number]

        def call(trial: Trial) -> str:
            arguments = {name: argument(number) for name, number in trial.arguments}
            result = f"result_{len(calls) + 1}"
            calls.append(Call(result=result, component=trial.tool, arguments=arguments))
            return result

        call(last)
        parameters = tuple(self._question.examples[0].arguments)
        used = {leaf.name for one in calls for leaf in one.arguments.values()}
        return Program(
            parameters=tuple(name for name in parameters if name in used), calls=tuple(calls)
        )


def _same(expected: Sequence[JsonValue], got: Sequence[JsonValue]) -> bool:
    return all(same_value(one, other) for one, other in zip(expected, got, strict=False))

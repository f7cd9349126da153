"""Search from examples: how many functions are found, at what cost, with and without mined fragments.

The fragments are mined from the programs that the same search finds for the practice functions (wake
and sleep of DreamCoder); no test function is among these. A function counts as solved when the
compiled tool gives the right output for inputs that the search was never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from time import process_time

from pydantic import JsonValue

from skillweave.agent.growth.compile import Compiled, Tool
from skillweave.agent.growth.fragments import Episode, Fragment, mine
from skillweave.agent.growth.fragments_offer import compile_fragment
from skillweave.agent.growth.search import Limit, Phase, Stop
from skillweave.agent.growth.search_program import Program
from skillweave.agent.growth.search_skill import Wanted, find
from skillweave.agent.growth.source import Argument
from skillweave.agent.growth.wiring import NotCompiledError
from skillweave.evals.machine import Machine, this_machine
from skillweave.evals.search_tasks import Described
from skillweave.skills.cases import same_value
from skillweave.skills.model import Case, Frozen
from skillweave.skills.sandbox import Sandbox


class Tried(Frozen):
    """One function and what the search made of it."""

    name: str
    sort: str
    seed: int
    found: bool
    """A program fits all examples."""
    right: bool
    """And gives the right output for every input that was never shown."""
    program: str = ""
    stopped: Stop
    phase: Phase
    nodes: int
    rejected: int
    seconds: float
    host_cpu_seconds: float
    """Without the sandboxed process, whose CPU time is not told."""


class Share(Frozen):
    """Functions of one sort."""

    sort: str
    tried: int
    solved: int
    wrong: int
    """Found and wrong: they fit all examples by chance."""
    median_nodes_of_solved: int
    """0 when none is."""


class Condition(Frozen):
    """All functions under one condition."""

    fragments: int
    """Mined fragments among the tools."""
    tried: int
    solved: int
    solvable: int
    solved_share: float
    """Of those that some program of tools does."""
    wrong: int
    nodes: int
    seconds: float
    by_sort: tuple[Share, ...]
    functions: tuple[Tried, ...]


class Mined(Frozen):
    """A fragment that was mined and tried out."""

    name: str
    occurrences: int
    program: str


class SearchFigures(Frozen):
    """The whole experiment."""

    made: str
    machine: Machine
    seeds: tuple[int, ...]
    limit: Limit
    tools: int
    practice: Condition
    mined: tuple[Mined, ...]
    without_fragments: Condition
    with_fragments: Condition


def run_search(
    functions: Sequence[Described],
    tools: Mapping[str, Tool],
    sandbox: Sandbox,
    *,
    seeds: Sequence[int],
    limit: Limit,
    on_tried: Callable[[Tried], None] | None = None,
) -> SearchFigures:
    """Practise, mine, and try the test functions under both conditions, interleaved."""
    machine = this_machine()
    bench = _Bench(sandbox, limit, on_tried)
    practice = [f for f in functions if f.part == "practice"]
    test = [f for f in functions if f.part == "test"]
    practised = [bench.attempt(function, tools, seeds[0]) for function in practice]
    mined, more = bench.mined(practised, tools)
    plain: list[Tried] = []
    helped: list[Tried] = []
    for seed in seeds:
        for function in test:  # one after the other, so that the machine's load falls on both
            plain.append(bench.attempt(function, tools, seed).tried)
            helped.append(bench.attempt(function, {**tools, **more}, seed).tried)
    return SearchFigures(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine,
        seeds=tuple(seeds),
        limit=limit,
        tools=len(tools),
        practice=_condition([one.tried for one in practised], 0),
        mined=tuple(
            Mined(name=f.name, occurrences=len(f.runs), program=f.program.text()) for f in mined
        ),
        without_fragments=_condition(plain, 0),
        with_fragments=_condition(helped, len(more)),
    )


class _Attempt(Frozen):
    tried: Tried
    program: Program | None
    cases: tuple[Case, ...]


class _Bench:
    def __init__(
        self, sandbox: Sandbox, limit: Limit, on_tried: Callable[[Tried], None] | None
    ) -> None:
        self._sandbox = sandbox
        self._limit = limit
        self._on_tried = on_tried

    def attempt(self, function: Described, tools: Mapping[str, Tool], seed: int) -> _Attempt:
        """Search for one function."""
        wanted = Wanted(
            name=function.name, examples=function.examples, request=function.request, seed=seed
        )
        before = process_time()
        answer = find(wanted, tools, self._sandbox, self._limit)
        used = process_time() - before
        outcome, program = answer.outcome, answer.outcome.program
        tried = Tried(
            name=function.name,
            sort=function.sort,
            seed=seed,
            found=program is not None,
            right=answer.compiled is not None and self._is_right(answer.compiled, function.checks),
            program=program.text() if program is not None else "",
            stopped=outcome.stopped,
            phase=outcome.phase,
            nodes=outcome.nodes,
            rejected=outcome.rejected,
            seconds=round(outcome.seconds, 2),
            host_cpu_seconds=round(used, 2),
        )
        if self._on_tried is not None:
            self._on_tried(tried)
        return _Attempt(tried=tried, program=program, cases=function.examples)

    def mined(
        self, practised: Sequence[_Attempt], tools: Mapping[str, Tool]
    ) -> tuple[list[Fragment], dict[str, Tool]]:
        """The fragments of the programs found, as tools that do what their occurrences did."""
        episodes = [
            # Each on another example: what is the same in all runs is taken for a constant.
            self._episode(one.tried.name, one.program, one.cases[n % len(one.cases)], tools)
            for n, one in enumerate(practised)
            if one.program is not None and one.tried.right
        ]
        kept: list[Fragment] = []
        more: dict[str, Tool] = {}
        for fragment in mine(episodes):
            try:
                made = compile_fragment(fragment, tools, self._sandbox)
            except NotCompiledError:
                continue
            skill = made.skill.model_copy(update={"digest": made.chain})
            kept.append(fragment)
            more[skill.versioned_name] = Tool(skill=skill, source=made.source)
        return kept, more

    def _is_right(self, compiled: Compiled, checks: Sequence[Case]) -> bool:
        signature = compiled.skill.signature
        names = [p.name for p in signature.parameters] if signature is not None else []
        for case in checks:
            given = {name: case.arguments[name] for name in names}
            outcome = self._sandbox.run(compiled.source, compiled.function, given)
            if not outcome.ok or not same_value(case.expected, outcome.value):
                return False
        return True

    def _episode(
        self, run: str, program: Program, case: Case, tools: Mapping[str, Tool]
    ) -> Episode:
        """The run of a program on one example."""
        values: dict[str, JsonValue] = dict(case.arguments)

        def value(one: Argument) -> JsonValue:
            return values[one.name] if one.name is not None else one.value

        for call in program.calls:
            tool = tools[call.component]
            given = {name: value(one) for name, one in call.arguments.items()}
            outcome = self._sandbox.run(tool.source, tool.signature.function, given)
            values[call.result] = outcome.value
        return Episode(run=run, program=program, values=values)


def _condition(tried: Sequence[Tried], fragments: int) -> Condition:
    solvable = [one for one in tried if one.sort != "unsolvable"]
    solved = sum(one.right for one in tried)
    return Condition(
        fragments=fragments,
        tried=len(tried),
        solved=solved,
        solvable=len(solvable),
        solved_share=round(solved / len(solvable), 4) if solvable else 0.0,
        wrong=sum(one.found and not one.right for one in tried),
        nodes=sum(one.nodes for one in tried),
        seconds=round(sum(one.seconds for one in tried), 1),
        by_sort=tuple(_share(sort, tried) for sort in sorted({one.sort for one in tried})),
        functions=tuple(tried),
    )


def _share(sort: str, tried: Sequence[Tried]) -> Share:
    some = [one for one in tried if one.sort == sort]
    nodes = sorted(one.nodes for one in some if one.right)
    return Share(
        sort=sort,
        tried=len(some),
        solved=len(nodes),
        wrong=sum(one.found and not one.right for one in some),
        median_nodes_of_solved=nodes[len(nodes) // 2] if nodes else 0,
    )

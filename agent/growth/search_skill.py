"""From a file of examples to a skill: split, search, compile, try out, admit."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence

from pydantic import model_validator

from skillweave.agent.deps import IN_USE, Deps, tool_source
from skillweave.agent.growth.compile import Compiled, Tool
from skillweave.agent.growth.fragments_offer import AUTHOR as MINED
from skillweave.agent.growth.search import Limit, Outcome, Progress, Question, search
from skillweave.agent.growth.search_pool import constants
from skillweave.agent.growth.search_program import Program, compile_program
from skillweave.agent.growth.search_runner import Observer
from skillweave.agent.growth.wiring import NotCompiledError
from skillweave.agent.nodes.learn import admit
from skillweave.skills.cases import same_value
from skillweave.skills.errors import UserError
from skillweave.skills.model import Case, Frozen, Skill
from skillweave.skills.sandbox import Sandbox
from skillweave.store.library import Library

AUTHOR = "search"

LEAST = 3
"""Examples: two for the search, one kept back."""
KEPT_SHARE = 3
"""Every third example is kept back."""


class NotFoundError(UserError):
    """No program was found within the limits; the message says how far the search came."""


class Wanted(Frozen):
    """A function described by what it gives."""

    name: str
    examples: tuple[Case, ...]
    request: str = ""
    """What it should do, in words; the search takes constants from it."""
    seed: int = 0
    """Decides which examples are kept back."""

    @model_validator(mode="after")
    def _examples_fit_together(self) -> Wanted:
        if len(self.examples) < LEAST:
            raise UserError(f"give at least {LEAST} examples; one in three is kept back as a check")
        first = self.examples[0].arguments
        for number, case in enumerate(self.examples, 1):
            if case.input is not None or case.raises is not None:
                raise UserError(f"example {number} needs 'arguments' and 'expected'")
            if case.arguments.keys() != first.keys() or not first:
                raise UserError(f"example {number} has other arguments than the first")
        strange = [name for name in first if not name.isidentifier() or name.startswith("result_")]
        if strange:
            raise UserError(f"{strange[0]!r} cannot be the name of a parameter")
        if all(same_value(self.examples[0].expected, case.expected) for case in self.examples):
            raise UserError("all examples have the same output; nothing can be found from that")
        return self

    def question(self) -> Question:
        """What the search is given, and what is kept back."""
        count = len(self.examples)
        back = set(random.Random(self.seed).sample(range(count), count // KEPT_SHARE))
        given = tuple(case for n, case in enumerate(self.examples) if n not in back)
        kept = tuple(case for n, case in enumerate(self.examples) if n in back)
        pool = constants(self.request, [case.expected for case in given])
        return Question(given=given, kept=kept, constants=pool)


class Answer(Frozen):
    """What a search came to, and the tool it was compiled to when it found a program."""

    outcome: Outcome
    compiled: Compiled | None = None


def find(
    wanted: Wanted,
    tools: Mapping[str, Tool],
    sandbox: Sandbox,
    limit: Limit | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Answer:
    """Search; a program counts when its compiled tool gives every example, each in its own process."""
    made: list[Compiled] = []

    def accept(program: Program) -> bool:
        try:
            compiled = _compiled(wanted, program, tools)
        except NotCompiledError:
            return False
        holds = _holds(compiled, sandbox)
        if holds:
            made.append(compiled)
        return holds

    observer = Observer(sandbox, tools)
    outcome = search(wanted.question(), tools, observer, accept, limit, on_progress)
    return Answer(outcome=outcome, compiled=made[-1] if outcome.program is not None else None)


async def find_skill(
    wanted: Wanted,
    deps: Deps,
    limit: Limit | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> tuple[Skill, Outcome]:
    """Search with the tools of the library, and admit what was found.

    Raises `NotFoundError` when there is no program within the limits, `UserError` when the name is
    taken, `NotCompiledError` when one tool does it already or the library refuses what was found.
    """
    if any(skill.name == wanted.name for skill in await asyncio.to_thread(deps.library.list)):
        raise UserError(f"there is another skill named {wanted.name}")
    tools = await asyncio.to_thread(library_tools, deps.library)
    answer = await asyncio.to_thread(find, wanted, tools, deps.sandbox, limit, on_progress)
    outcome = answer.outcome
    deps.trace.write("search", wanted=wanted.name, outcome=outcome.model_dump(mode="json"))
    if answer.compiled is None or outcome.program is None:
        raise NotFoundError(why_not(outcome))
    if _is_one_tool(outcome.program):
        raise NotCompiledError(f"there is a tool that does this: {outcome.program.text()}")
    return await admit(answer.compiled, deps, wanted=True), outcome


def library_tools(library: Library) -> dict[str, Tool]:
    """Tools in use, and mined fragments that are still candidates, by ``name@digest``."""
    found: dict[str, Tool] = {}
    for entry in library.entries():
        skill = entry.skill
        mined = skill.metadata.get("skillweave-author") == MINED and entry.state == "candidate"
        if skill.kind == "tool" and skill.signature and (entry.state in IN_USE or mined):
            found[skill.versioned_name] = Tool(skill=skill, source=tool_source(skill))
    return found


def why_not(outcome: Outcome) -> str:
    """How far a search came, in one line."""
    tried = f"{outcome.nodes:,} calls tried in {outcome.seconds:.0f} s"
    chance = f"; {outcome.rejected} fitted only by chance" if outcome.rejected else ""
    if outcome.stopped == "exhausted":
        return f"no program of the tools in the library fits the examples ({tried}{chance})"
    return f"no program found within the limit of {outcome.stopped} ({tried}{chance})"


def _is_one_tool(program: Program) -> bool:
    """Whether it only passes its parameters on."""
    given = [one.name for call in program.calls for one in call.arguments.values()]
    return len(program.calls) == 1 and None not in given and len(set(given)) == len(given)


def _compiled(wanted: Wanted, program: Program, tools: Mapping[str, Tool]) -> Compiled:
    return compile_program(
        program,
        tools,
        name=wanted.name,
        author=AUTHOR,
        summary=_sentence(wanted.request),
        requests=(wanted.request,) if wanted.request else (),
        cases=_for_parameters(wanted.examples, program.parameters),
    )


def _for_parameters(examples: Sequence[Case], names: Sequence[str]) -> tuple[Case, ...]:
    """The examples without the arguments that the program has no use for."""
    return tuple(
        Case(arguments={name: case.arguments[name] for name in names}, expected=case.expected)
        for case in examples
    )


def _holds(compiled: Compiled, sandbox: Sandbox) -> bool:
    for case in compiled.skill.cases:
        outcome = sandbox.run(compiled.source, compiled.function, case.arguments)
        if not outcome.ok or not same_value(case.expected, outcome.value):
            return False
    return True


def _sentence(request: str) -> str:
    text = " ".join(request.split()).rstrip(".")[:1000]
    return f"{text[:1].upper()}{text[1:]}." if text else ""

"""Mined fragments become composite tools in the library, as candidates: the gate decides later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from skillweave.agent.growth.compile import Compiled, Tool
from skillweave.agent.growth.fragments import Fragment
from skillweave.agent.growth.reuse import CHAIN
from skillweave.agent.growth.search_program import compile_program
from skillweave.agent.growth.wiring import NotCompiledError
from skillweave.skills.cases import Runner, same_value
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.model import Frozen, Skill
from skillweave.store.library import Library

AUTHOR = "mine"


class Refused(Frozen):
    """A fragment that was not offered, and why."""

    fragment: str
    reason: str


class Offer(Frozen):
    """What became of the fragments."""

    added: tuple[Skill, ...] = ()
    refused: tuple[Refused, ...] = ()


def compile_fragment(fragment: Fragment, tools: Mapping[str, Tool], runner: Runner) -> Compiled:
    """The fragment as a tool that gave, run anew, what its occurrences gave.

    Raises `NotCompiledError` with the reason there is none.
    """
    missing = [name for name in fragment.program.tools if name not in tools]
    if missing:
        raise NotCompiledError(f"{missing[0]} is not in use any more")
    compiled = compile_program(
        fragment.program, tools, name=fragment.name, author=AUTHOR, cases=fragment.cases
    )
    for case in fragment.cases:
        outcome = runner.run(compiled.source, compiled.function, case.arguments)
        if not outcome.ok or not same_value(case.expected, outcome.value):
            got = outcome.value if outcome.ok else outcome.error
            raise NotCompiledError(f"it gives {got!r}, not {case.expected!r}")
    return compiled


def offer(
    fragments: Iterable[Fragment], tools: Mapping[str, Tool], library: Library, runner: Runner
) -> Offer:
    """Add the fragments that the library has not, as candidates."""
    known = library.list()
    chains = {s.metadata[CHAIN]: s.name for s in known if CHAIN in s.metadata}
    names = {s.name for s in known}
    added: list[Skill] = []
    refused: list[Refused] = []
    for fragment in fragments:
        try:
            compiled = compile_fragment(fragment, tools, runner)
            if compiled.chain in chains:
                raise NotCompiledError(f"{chains[compiled.chain]} does the same")
        except NotCompiledError as error:
            refused.append(Refused(fragment=fragment.name, reason=str(error)))
            continue
        skill = compiled.skill
        if skill.name in names:
            free = f"{skill.name[:57].rstrip('-')}-{compiled.chain[:6]}"
            skill = skill.model_copy(update={"name": free})
        wrapped = WrappedSkill(
            skill=skill, files={TOOL_FILE: compiled.source.encode()}, source=Path(skill.name)
        )
        added.append(library.add(wrapped, state="candidate", author=AUTHOR))
        chains[compiled.chain] = skill.name
        names.add(skill.name)
    return Offer(added=tuple(added), refused=tuple(refused))

"""What the nodes work with: the parts of the agent, and the run they work for.

Nothing of this goes into a checkpoint; a resumed run gets it anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from langgraph.runtime import Runtime
from pydantic import JsonValue

from skillweave.agent.budget import Budget
from skillweave.agent.checked import CheckedCases
from skillweave.agent.handle import Answer, ModelHandle, OnToken
from skillweave.agent.profiles.base import Profile, Prompt
from skillweave.agent.result import Event
from skillweave.agent.settings import Settings
from skillweave.agent.trace import Trace
from skillweave.skills.files import read_text
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.model import Skill, SkillKind, SkillState
from skillweave.skills.sandbox import Sandbox, ToolOutcome
from skillweave.store.library import Library
from skillweave.store.ranking import Hit

Search = tuple[str, frozenset[SkillKind], int]
"""A query, the kinds that are wanted, and how many."""
IN_USE: frozenset[SkillState] = frozenset({"probation", "active", "stale"})


@dataclass(frozen=True)
class Deps:
    """Everything a node may use besides its state."""

    library: Library
    sandbox: Sandbox
    model: ModelHandle
    profile: Profile
    settings: Settings
    checked: CheckedCases
    trace: Trace
    budget: Budget
    _tools: list[Skill] = field(default_factory=list)
    _found: dict[Search, list[Hit]] = field(default_factory=dict)

    async def ask(
        self, prompt: Prompt, adapter: str | None = None, on_token: OnToken | None = None
    ) -> Answer:
        """Put a question to the model, within the limits of the run and on its record."""
        self.budget.check()
        answer = await self.model.ask(prompt, adapter=adapter, on_token=on_token)
        self.trace.asked(prompt, answer)
        self.budget.spend(answer.tokens)
        return answer

    async def call(self, skill: Skill, arguments: Mapping[str, JsonValue]) -> ToolOutcome:
        """Run a tool in the sandbox."""
        if skill.signature is None:
            raise ValueError(f"{skill.name} is no tool")
        source = tool_source(skill)
        function = skill.signature.function
        return await asyncio.to_thread(self.sandbox.run, source, function, arguments)

    async def search(self, query: str, kinds: frozenset[SkillKind], k: int) -> list[Hit]:
        """What the library finds; the same question is put to it once in a run."""
        asked = (query, kinds, k)
        if asked not in self._found:
            found = await asyncio.to_thread(self.library.search, query, kinds=kinds, k=k)
            self._found[asked] = found
        return self._found[asked]

    async def get(self, skill: str) -> Skill:
        """A skill by ``name@digest``."""
        return await asyncio.to_thread(self.library.get, skill)

    async def tools(self) -> Sequence[Skill]:
        """All tools in use, as they were when the run first asked."""
        if not self._tools:
            listed = self.library.list
            self._tools[:] = await asyncio.to_thread(listed, kinds={"tool"}, states=IN_USE)
        return self._tools

    async def record(
        self, skill: str, outcome: Literal["used", "succeeded", "failed"], run: str
    ) -> None:
        """Tell the ledger what became of a skill."""
        await asyncio.to_thread(self.library.record, skill, outcome, run)


def tell(runtime: Runtime[Deps], event: Event) -> None:
    """Say something to the user and to the trace."""
    runtime.context.trace.event(event)
    runtime.stream_writer(event)


def tool_source(skill: Skill) -> str:
    """The source of a tool."""
    if skill.path is None:
        raise ValueError(f"{skill.name} has no folder")
    file = skill.path / TOOL_FILE
    return read_text(file, file=file)

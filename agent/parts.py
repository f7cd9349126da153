"""The parts of an agent, opened together and closed together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiosqlite
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from skillweave.agent.budget import Budget
from skillweave.agent.checked import CheckedCases
from skillweave.agent.deps import Deps
from skillweave.agent.growth.admission import check_of_drops
from skillweave.agent.handle import ModelHandle, OnPhase
from skillweave.agent.profiles.base import Profile
from skillweave.agent.profiles.choose import profile_for
from skillweave.agent.settings import Settings
from skillweave.agent.state import serializer
from skillweave.agent.trace import Trace
from skillweave.skills.sandbox import Sandbox
from skillweave.store.intake import Notice
from skillweave.store.library import Library
from skillweave.store.watch import Watcher


@dataclass(frozen=True)
class Given:
    """Parts that the caller brings, and closes; what is None is opened here."""

    library: Library | None = None
    model: ModelHandle | None = None
    profile: Profile | None = None
    sandbox: Sandbox | None = None


@dataclass(frozen=True)
class Parts:
    """What all runs of an agent share."""

    library: Library
    sandbox: Sandbox
    model: ModelHandle
    profile: Profile
    settings: Settings
    checked: CheckedCases

    def watch(self, on_notice: Callable[[Notice], None] | None = None) -> Watcher:
        """Take in what is dropped into the library, through the gate."""
        check = check_of_drops(self.library, self.sandbox, self.checked)
        return self.library.watch(on_notice, check=check)

    def deps(self, trace: Trace) -> Deps:
        """The dependencies of one run, with fresh limits."""
        return Deps(
            library=self.library,
            sandbox=self.sandbox,
            model=self.model,
            profile=self.profile,
            settings=self.settings,
            checked=self.checked,
            trace=trace,
            budget=Budget(self.settings),
        )


def open_parts(
    given: Given, settings: Settings, on_phase: OnPhase | None, stack: ExitStack
) -> Parts:
    """Open what is not given; ``stack`` closes it, the model's server included.

    The server starts beside the rest: it needs seconds, and so does a library that is new.
    """
    started = _start_model(given, settings, on_phase, stack)
    library = given.library or _open_library(settings, stack)
    sandbox = given.sandbox or stack.enter_context(_open_sandbox(settings))
    model = started()
    parts = Parts(
        library=library,
        sandbox=sandbox,
        model=model,
        profile=given.profile or profile_for(model),
        settings=settings,
        checked=CheckedCases(settings.state_dir / "checked.jsonl"),
    )
    if given.library is None:
        stack.enter_context(parts.watch())
    return parts


@asynccontextmanager
async def checkpoints(path: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """The SQLite file in which runs survive the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connecting = aiosqlite.connect(path)
    # An agent that nobody closed must not keep the process alive.
    setattr(getattr(connecting, "_thread", connecting), "daemon", True)  # noqa: B010
    async with connecting as connection:
        saver = AsyncSqliteSaver(connection, serde=serializer())
        await saver.setup()
        yield saver


def _open_library(settings: Settings, stack: ExitStack) -> Library:
    library = stack.enter_context(Library(settings.library))
    library.warm_up()
    return library


def _open_sandbox(settings: Settings) -> Sandbox:
    lane = None if settings.lane == "auto" else settings.lane
    return Sandbox.open(lane, workers=settings.sandbox_workers)


def _start_model(
    given: Given, settings: Settings, on_phase: OnPhase | None, stack: ExitStack
) -> Callable[[], ModelHandle]:
    if (model := given.model) is not None:
        return lambda: model
    # Not above: vLLM's client takes a second to import, and a model that is given needs none of it.
    from skillweave.agent.models import start_model

    return stack.enter_context(start_model(settings.model, settings, on_phase))

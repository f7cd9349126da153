"""`Agent`: the Python way in."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from skillweave.agent.graph import build_graph
from skillweave.agent.growing import Growing
from skillweave.agent.growth.compile import parts as parts_to_compile
from skillweave.agent.growth.search import Limit
from skillweave.agent.growth.search_skill import Wanted, find_skill
from skillweave.agent.growth.wiring import NotCompiledError
from skillweave.agent.handle import ModelHandle, OnPhase
from skillweave.agent.loop import LoopThread
from skillweave.agent.nodes.learn import admit, compiled_of
from skillweave.agent.parts import Given, checkpoints, open_parts
from skillweave.agent.profiles.base import Profile
from skillweave.agent.result import Event, Result
from skillweave.agent.runs import Run, Runs
from skillweave.agent.settings import Settings
from skillweave.agent.trace import Trace
from skillweave.agent.turn import Hear, Turns
from skillweave.skills.errors import UserError
from skillweave.skills.model import Case, Skill
from skillweave.skills.sandbox import Sandbox
from skillweave.store.intake import Notice
from skillweave.store.library import Library
from skillweave.store.watch import Watcher


class Agent:
    """Does tasks with the skills of a library and a model.

        with Agent() as agent:
            print(agent.run("how many words are in 'to be or not to be', times 7").value)

    Library, sandbox and model are opened at the first use, or by `open`; those that were passed in
    stay open after `close`. All methods may be called from any thread, the plain ones also where an
    event loop is running (Jupyter).
    """

    def __init__(
        self,
        library: Library | Path | str | None = None,
        model: ModelHandle | str | None = None,
        settings: Settings | None = None,
        *,
        profile: Profile | None = None,
        sandbox: Sandbox | None = None,
        on_phase: OnPhase | None = None,
    ) -> None:
        """Nothing is opened yet.

        Args:
            library: A library, or the folder of one; `Settings.library` when None.
            model: A model made ready, or a name (``nano``, ``org/name``, ``provider:name``, a URL);
                `Settings.model` when None.
            settings: All other options; `Settings.load()` when None.
            profile: How to talk to the model; by the model's family when None.
            sandbox: Where tools run; opened when None.
            on_phase: Told what goes on while the model is made ready.
        """
        folder = Path(library) if isinstance(library, Path | str) else None
        name = model if isinstance(model, str) else None
        self.settings = _with(settings, folder, name)
        self._given = Given(
            library=library if isinstance(library, Library) else None,
            model=None if isinstance(model, str) else model,
            profile=profile,
            sandbox=sandbox,
        )
        self._on_phase = on_phase
        self._lock = threading.Lock()
        self._open: _Open | None = None
        self._last_solved: str | None = None

    def open(self) -> Self:
        """Open library, sandbox and model now; blocks until the model answers."""
        self._opened()
        return self

    def close(self) -> None:
        """Stop what runs, and close what this agent opened."""
        with self._lock:
            opened, self._open = self._open, None
        if opened is not None:
            opened.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def library(self) -> Library:
        """The library in use."""
        return self._given.library or self._opened().library

    @property
    def grow(self) -> Growing:
        """The ways in which the library gets better on purpose."""
        opened = self._opened()
        return Growing(opened.parts, opened.loop, opened.turns, opened.runs)

    def run(self, task: str, *, skills: Sequence[str] = (), thread: str | None = None) -> Result:
        """Do a task and wait for the result.

        Args:
            task: The request in everyday English.
            skills: Names of skills that go before all others where they fit.
            thread: A conversation: a task may refer to results of earlier ones of the same name.

        Raises:
            SkillNotFoundError: a name in ``skills`` is unknown.
            ModelError: the model or its server failed; `resume` goes on with the run.
        """
        return self._opened().loop.run(self._turn(task, skills, thread, _deaf))

    async def arun(
        self, task: str, *, skills: Sequence[str] = (), thread: str | None = None
    ) -> Result:
        """`run` for async code; cancelling it stops the run and not the agent."""
        opened = await asyncio.to_thread(self._opened)
        return await asyncio.wrap_future(
            opened.loop.submit(self._turn(task, skills, thread, _deaf))
        )

    def stream(
        self, task: str, *, skills: Sequence[str] = (), thread: str | None = None
    ) -> Generator[Event, None, None]:
        """`run`, telling what happens as it happens; the last event holds the result.

        Closing the iterator, or Ctrl-C, stops the run.
        """
        heard: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        opened = self._opened()
        future = opened.loop.submit(self._turn(task, skills, thread, heard.put))
        future.add_done_callback(lambda _: heard.put(None))
        try:
            while (event := heard.get()) is not None:
                yield event
            future.result()
        finally:
            future.cancel()

    async def astream(
        self, task: str, *, skills: Sequence[str] = (), thread: str | None = None
    ) -> AsyncGenerator[Event, None]:
        """`stream` for async code."""
        opened = await asyncio.to_thread(self._opened)
        here = asyncio.get_running_loop()
        heard: asyncio.Queue[Event | None] = asyncio.Queue()

        def hear(event: Event | None) -> None:
            if not here.is_closed():
                here.call_soon_threadsafe(heard.put_nowait, event)

        future = opened.loop.submit(self._turn(task, skills, thread, hear))
        future.add_done_callback(lambda _: hear(None))
        try:
            while (event := await heard.get()) is not None:
                yield event
            future.result()
        finally:
            future.cancel()

    def resume(self, run: str) -> Result:
        """Go on with a run that was killed, cancelled or stopped by a limit.

        Steps that were finished are not done again. A run that has a result gives it again.

        Raises:
            UserError: there is no such run, or it is still at work.
        """
        return self._opened().loop.run(self._resumed(run))

    def watch(self, on_notice: Callable[[Notice], None] | None = None) -> Watcher:
        """Take in what is dropped into the library's folder, until the watcher stops.

        An agent that opened its library itself watches it from the start, without telling anyone.

        Args:
            on_notice: Called, in the watcher's thread, with every skill admitted and every file
                refused.
        """
        return self._opened().parts.watch(on_notice)

    def runs(self, limit: int = 20) -> tuple[Run, ...]:
        """The latest runs, newest first."""
        return Runs(self.settings.state_dir).list(limit)

    def save(self, name: str) -> Skill:
        """Keep the last solved task as a skill of that name.

        Raises:
            UserError: no task was solved, it had only one step, or it cannot be made into a skill.
        """
        return self._opened().loop.run(self._saved(name))

    def search(
        self, name: str, examples: Sequence[Case], *, request: str = "", limit: Limit | None = None
    ) -> Skill:
        """Find a skill by examples of what it gives, and add it to the library.

            agent.search("initials", [Case(arguments={"text": "new york"}, expected="NY"), ...])

        Args:
            request: what it does, in words; for its description.

        Raises:
            UserError: no composition of tools gives all examples within the limit.
        """
        wanted = Wanted(name=name, examples=tuple(examples), request=request)
        return self._opened().loop.run(self._searched(wanted, limit))

    async def _searched(self, wanted: Wanted, limit: Limit | None) -> Skill:
        folder = self._opened().parts.settings.state_dir / "searches"
        with Trace(folder / f"{wanted.name}.jsonl") as trace:
            skill, _ = await find_skill(wanted, self._opened().parts.deps(trace), limit)
        return skill

    async def _turn(
        self, task: str, skills: Sequence[str], thread: str | None, hear: Hear
    ) -> Result:
        if not task.strip():
            raise UserError("the task is empty")
        result = await self._opened().turns.start(task, tuple(skills), thread, hear)
        if result.outcome == "solved":
            self._last_solved = result.run
        return result

    async def _resumed(self, run: str) -> Result:
        opened = self._opened()
        return await opened.turns.resume(opened.runs.get(run), _deaf)

    async def _saved(self, name: str) -> Skill:
        opened = self._opened()
        if self._last_solved is None:
            raise UserError("no task was solved yet")
        run = opened.runs.get(self._last_solved)
        state = await opened.turns.state(run)
        plan = state.get("plan")
        found = parts_to_compile(plan) if plan is not None else ()
        if not found:
            raise NotCompiledError("the last task took one step; there is nothing to put together")
        with opened.turns.deps(run).trace as trace:
            deps = opened.parts.deps(trace)
            part = max(found, key=len)
            return await admit(await compiled_of(state, part, deps, name), deps, wanted=True)

    def _opened(self) -> _Open:
        with self._lock:
            if self._open is None:
                self._open = _Open(self._given, self.settings, self._on_phase)
            return self._open


class _Open:
    """An agent that is open: its parts, its graph, and the loop on which runs work."""

    def __init__(self, given: Given, settings: Settings, on_phase: OnPhase | None) -> None:
        with ExitStack() as stack:
            self.parts = open_parts(given, settings, on_phase, stack)
            self.library = self.parts.library
            self.runs = Runs(settings.state_dir)
            self.loop = LoopThread("skillweave-agent")
            stack.callback(self.loop.close)
            self._inside = AsyncExitStack()
            self.turns = self.loop.run(self._build(settings))
            stack.callback(lambda: self.loop.run(self._inside.aclose()))
            self._stack = stack.pop_all()

    async def _build(self, settings: Settings) -> Turns:
        path = settings.state_dir / "checkpoints.sqlite"
        saver = await self._inside.enter_async_context(checkpoints(path))
        return Turns(self.parts, build_graph(saver), self.runs)

    def close(self) -> None:
        self._stack.close()


def _with(settings: Settings | None, library: Path | None, model: str | None) -> Settings:
    if settings is None:
        return Settings.load(library=library, model=model)
    update = {"library": library, "model": model}
    return settings.model_copy(update={n: v for n, v in update.items() if v is not None})


def _deaf(event: Event) -> None:
    """Nobody listens."""

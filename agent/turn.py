"""One run from its beginning, or from where it was cut off, to its result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from langchain_core.runnables import RunnableConfig

from skillweave.agent.budget import out_of_time
from skillweave.agent.deps import Deps
from skillweave.agent.graph import Graph
from skillweave.agent.growth.distil import distil, runs_in
from skillweave.agent.nodes.answer import conclude
from skillweave.agent.parts import Parts
from skillweave.agent.profiles.base import Done
from skillweave.agent.result import Event, Finished, Result
from skillweave.agent.runs import Run, Runs, Status
from skillweave.agent.settings import Settings
from skillweave.agent.state import KEPT_DONE, State, finished
from skillweave.agent.trace import Trace, trace_file
from skillweave.skills.errors import BudgetError

Hear = Callable[[Event], None]


class Turns:
    """Runs the graph for the agent; everything here belongs to the agent's own event loop."""

    def __init__(self, parts: Parts, graph: Graph, runs: Runs) -> None:
        self._parts = parts
        self._graph = graph
        self._runs = runs
        self._ended = 0

    def without_learning(self) -> Turns:
        """The same, but what is solved leaves nothing in the library."""
        settings = self._parts.settings.model_copy(update={"learn": False})
        return Turns(replace(self._parts, settings=settings), self._graph, self._runs)

    async def start(
        self, task: str, pinned: tuple[str, ...], thread: str | None, hear: Hear
    ) -> Result:
        """A new run, which knows what its conversation has done so far."""
        for name in pinned:
            await asyncio.to_thread(self._parts.library.get, name)
        history = await self._history(thread) if thread is not None else ()
        run = self._runs.begin(task, thread)
        state = State(run=run.id, task=task, pinned=pinned, history=history)
        return await self._play(run, state, hear)

    async def resume(self, run: Run, hear: Hear) -> Result:
        """Go on with a run; one that has its result gives it again."""
        snapshot = await self._graph.aget_state(_config(run, self._parts.settings))
        state = cast(State, snapshot.values)
        known = state.get("result")
        if known is not None:
            return known
        begin = State(
            run=run.id,
            task=run.task,
            pinned=state.get("pinned", ()),
            history=state.get("history", ()),
        )
        # Cut off before its first node was due, a run has nothing to go on with but its task.
        return await self._play(run, None if snapshot.next else begin, hear)

    async def state(self, run: Run) -> State:
        """The state of a run at its last checkpoint; empty when there is none."""
        snapshot = await self._graph.aget_state(_config(run, self._parts.settings))
        return cast(State, snapshot.values)

    def deps(self, run: Run) -> Deps:
        """Dependencies for work on a run that is over."""
        return self._parts.deps(Trace(trace_file(self._parts.settings.state_dir, run.id)))

    async def _history(self, thread: str) -> tuple[Done, ...]:
        last = self._runs.last(thread)
        if last is None:
            return ()
        state = await self.state(last)
        return (*state.get("history", ()), *finished(state))[-KEPT_DONE:]

    async def _play(self, run: Run, begin: State | None, hear: Hear) -> Result:
        path = trace_file(self._parts.settings.state_dir, run.id)
        status: Status = "interrupted"
        with self._runs.hold(run.id), Trace(path) as trace:
            trace.write("resumed" if begin is None else "started", run=run.id, task=run.task)
            deps = self._parts.deps(trace)
            try:
                result = await self._work(run, begin, deps, hear)
                status = result.outcome
                trace.event(Finished(result=result))
            except asyncio.CancelledError:
                status = "cancelled"
                raise
            finally:
                trace.write("ended", status=status)
                self._runs.end(run.id, status)
        await self._distil()
        hear(Finished(result=result))
        return result

    async def _distil(self) -> None:
        """Every so many runs, what they teach."""
        settings, self._ended = self._parts.settings, self._ended + 1
        if settings.learn and settings.distil_every and self._ended % settings.distil_every == 0:
            with Trace(settings.state_dir / "growth" / "distil.jsonl") as trace:
                results = await asyncio.to_thread(runs_in, settings.state_dir)
                await distil(self._parts.deps(trace), results)

    async def _work(self, run: Run, begin: State | None, deps: Deps, hear: Hear) -> Result:
        limit = asyncio.timeout(self._parts.settings.max_seconds)
        try:
            async with limit:
                await self._stream(run, begin, deps, hear)
        except BudgetError as error:
            return await self._stopped(run, deps, error)
        except TimeoutError:
            if not limit.expired():
                raise
            return await self._stopped(run, deps, out_of_time(self._parts.settings))
        state = await self.state(run)
        return state["result"]

    async def _stream(self, run: Run, begin: State | None, deps: Deps, hear: Hear) -> None:
        events = self._graph.astream(
            begin,
            _config(run, self._parts.settings),
            context=deps,
            stream_mode="custom",
            subgraphs=True,
            durability="sync",
        )
        async for _, event in events:
            hear(cast(Event, event))

    async def _stopped(self, run: Run, deps: Deps, error: BudgetError) -> Result:
        """What there is when a limit was reached; with higher limits the run can be resumed."""
        state = await self.state(run)
        known = State(run=run.id, task=run.task)
        known.update(state)
        return conclude(known, deps, "failed", f"Stopped: {error}.")


def _config(run: Run, settings: Settings) -> RunnableConfig:
    return RunnableConfig(
        configurable={"thread_id": run.id},
        max_concurrency=settings.max_parallel,
        recursion_limit=50 + 20 * settings.max_steps,
    )

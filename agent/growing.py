"""`Agent.grow`: the ways in which the library gets better on purpose, for Python."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from skillweave.agent.deps import Deps
from skillweave.agent.growth.distil import Distilled, distil, runs_in
from skillweave.agent.growth.distil import OnProgress as OnDistilled
from skillweave.agent.growth.fragments_traces import result_of
from skillweave.agent.growth.practise import OnAttempt, Practised, Practising, Wanted
from skillweave.agent.growth.practise_tasks import Proposer, texts_of
from skillweave.agent.growth.revise import OnStep, Revised, revise
from skillweave.agent.growth.revise_repair import Repair, chosen, repair
from skillweave.agent.growth.teach import Lesson, Limits
from skillweave.agent.growth.teach import OnProgress as OnTaught
from skillweave.agent.growth.teach_job import Teaching
from skillweave.agent.growth.verdict import Task
from skillweave.agent.growth.write import OnPhase
from skillweave.agent.growth.write_skill import Outcome, write_skill
from skillweave.agent.loop import LoopThread
from skillweave.agent.parts import Parts
from skillweave.agent.result import Result
from skillweave.agent.runs import Runs
from skillweave.agent.state import State
from skillweave.agent.trace import Trace, trace_file
from skillweave.agent.turn import Turns
from skillweave.skills.errors import UserError
from skillweave.skills.model import Case

T = TypeVar("T")


class Growing:
    """Growth of one agent's library; every way ends at the same gate.

    with Agent(model="Qwen/Qwen3-8B") as agent:
        agent.grow.write("swap the first and the last word of a sentence")
    """

    def __init__(self, parts: Parts, loop: LoopThread, turns: Turns, runs: Runs) -> None:
        self._parts, self._loop = parts, loop
        self._turns, self._runs = turns, runs

    def write(
        self,
        request: str = "",
        *,
        name: str = "",
        examples: Sequence[Case] = (),
        run: str = "",
        even_nano: bool = False,
        on_phase: OnPhase | None = None,
    ) -> Outcome:
        """Let the model write a tool; written code then waits for approval (`skillweave review`).

        Args:
            request: What it is wanted for; that of ``run`` when empty.
            examples: What it must give; one in three is kept back as a check.
            run: A run that failed, whose attempts the model is told.

        Raises:
            UserError: nothing came out that holds, or the model in use cannot write.
        """
        failed = self._result(run) if run else None
        wanted = request or (failed.task if failed is not None else "")

        async def work(deps: Deps) -> Outcome:
            return await write_skill(
                deps,
                wanted,
                name=name,
                examples=examples,
                failed=failed,
                even_nano=even_nano,
                on_phase=on_phase,
            )

        return self._traced("write", work)

    def distil(
        self, *, dry: bool = False, raw: bool = True, on_progress: OnDistilled | None = None
    ) -> Distilled:
        """Make experiences of what the runs so far teach; a larger model words some of its own.

        Args:
            dry: Only say what would be done.
            raw: Also keep verified runs word for word.

        Raises:
            UserError: the votes so far cannot be read.
        """
        results = runs_in(self._parts.settings.state_dir)
        with_model = self._parts.model.profile_name != "nano"

        async def work(deps: Deps) -> Distilled:
            return await distil(
                deps, results, with_model=with_model, dry=dry, raw=raw, on_progress=on_progress
            )

        return self._traced("distil", work)

    def practise(
        self,
        seconds: float,
        *,
        tasks: int | None = None,
        documents: Sequence[Path] = (),
        failures: bool = True,
        seed: int = 0,
        on_attempt: OnAttempt | None = None,
    ) -> Practised:
        """Practise on tasks made of the library's tools; what passes the gate is kept.

        Every attempt is on record before the next begins; called again, practice goes on there.

        Args:
            seconds: No attempt begins after that.
            tasks: Attempts at most.
            documents: Files, or folders of files, whose sentences become values of tasks.
            failures: Also try requests again that came to nothing.

        Raises:
            UserError: the library has no tools to practise with, or a document cannot be read.
            ServerError: the model does not answer.
        """
        texts = texts_of(documents)
        quiet = self._turns.without_learning()

        async def attempt(request: str) -> tuple[Result, State]:
            result = await quiet.start(request, (), None, lambda event: None)
            return result, await quiet.state(self._runs.get(result.run))

        async def work(deps: Deps) -> Practised:
            proposer = await asyncio.to_thread(Proposer, deps.library, deps.sandbox, texts)
            if not proposer.tools:
                raise UserError("no tool of the library has requests and cases to practise with")
            again = self._failed() if failures else ()
            wanted = Wanted(seconds=seconds, tasks=tasks, seed=seed, failures=again)
            practising = Practising(deps, attempt, proposer)
            return await practising.practise(wanted, on_attempt or (lambda attempted: None))

        return self._traced("practise", work)

    def revise(
        self,
        tasks: Sequence[Task],
        *,
        epochs: int = 5,
        patience: int = 1,
        on_step: OnStep | None = None,
    ) -> Revised:
        """Train the library's tools on tasks, with roll-back and early stop; see `growth.revise`.

        Raises:
            UserError: there are too few tasks.
        """

        async def work(deps: Deps) -> Revised:
            return await revise(deps, tasks, epochs=epochs, patience=patience, on_step=on_step)

        return self._traced("revise", work)

    def repair(self, name: str = "") -> tuple[Repair, ...]:
        """Mend a tool that succeeds less often than it did, or all such tools.

        Raises:
            UserError: the tool of that name does well.
        """
        with_model = self._parts.model.profile_name != "nano"

        async def work(deps: Deps) -> tuple[Repair, ...]:
            drops = await asyncio.to_thread(chosen, deps.library, name)
            return tuple([await repair(deps, drop, with_model=with_model) for drop in drops])

        return self._traced("repair", work)

    def _failed(self) -> tuple[str, ...]:
        """Requests of the latest runs that came to nothing, each once, newest first."""
        runs = self._runs.list(200)
        solved = {run.task for run in runs if run.status in ("solved", "answered")}
        failed = [run.task for run in runs if run.status in ("failed", "declined")]
        return tuple(task for task in dict.fromkeys(failed) if task not in solved)

    def teach(
        self,
        name: str,
        examples: Sequence[Case],
        *,
        does: str = "",
        requests: Sequence[str] = (),
        start: str = "none",
        limits: Limits | None = None,
        on_taught: OnTaught | None = None,
    ) -> Teaching:
        """Train an adapter on examples (``Case(input=..., expected=...)``), in a process of its own.

            taught = agent.grow.teach("tone", cases, does="Tell formal from casual.").result()

        Args:
            does: What it does, in a sentence; it is found by this.
            start: ``none``, ``nearest`` (existing adapters, if they help) or a mix of adapters.
            on_taught: Told where the training stands, in another thread.

        Raises:
            UserError: the examples cannot be used; what goes wrong later, `Teaching.result` raises.
        """
        lesson = Lesson(
            name=name,
            examples=tuple(examples),
            description=does,
            requests=tuple(requests),
            start=start,
        )
        root, model = self._parts.library.root, self._parts.settings.model
        return Teaching(lesson, root, model, limits=limits, on_progress=on_taught)

    def _result(self, run: str) -> Result:
        path = trace_file(self._parts.settings.state_dir, run)
        found = result_of(path) if path.is_file() else None
        if found is None:
            raise UserError(f"there is no finished run {run!r}")
        return found

    def _traced(self, way: str, work: Callable[[Deps], Coroutine[object, object, T]]) -> T:
        """Do it on the agent's loop, with fresh limits, on a trace of its own."""
        stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{way}"
        with Trace(self._parts.settings.state_dir / "growth" / f"{stamp}.jsonl") as trace:
            return self._loop.run(work(self._parts.deps(trace)))

"""`Agent.grow`: the ways in which the library gets better on purpose, for Python."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from skillweave.agent.deps import Deps
from skillweave.agent.growth.distil import Distilled, distil, runs_in
from skillweave.agent.growth.distil import OnProgress as OnDistilled
from skillweave.agent.growth.fragments_traces import result_of
from skillweave.agent.growth.write import OnPhase
from skillweave.agent.growth.write_skill import Outcome, write_skill
from skillweave.agent.loop import LoopThread
from skillweave.agent.parts import Parts
from skillweave.agent.result import Result
from skillweave.agent.trace import Trace, trace_file
from skillweave.skills.errors import UserError
from skillweave.skills.model import Case

T = TypeVar("T")


class Growing:
    """Growth of one agent's library; every way ends at the same gate.

    with Agent(model="Qwen/Qwen3-8B") as agent:
        agent.grow.write("swap the first and the last word of a sentence")
    """

    def __init__(self, parts: Parts, loop: LoopThread) -> None:
        self._parts = parts
        self._loop = loop

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

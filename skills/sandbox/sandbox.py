"""`Sandbox`: where the code of tools runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from pydantic import JsonValue

from skillweave.skills.errors import SandboxUnavailableError
from skillweave.skills.sandbox.answers import outcome_of
from skillweave.skills.sandbox.lanes import Interpreter, interpreters, launch, why_not
from skillweave.skills.sandbox.pool import Pool
from skillweave.skills.sandbox.probe import attack
from skillweave.skills.sandbox.process import WorkerDiedError
from skillweave.skills.sandbox.values import (
    LANES,
    Lane,
    LaneReport,
    Limits,
    ToolFailure,
    ToolOutcome,
)

DEFAULT_LIMITS = Limits()


class Sandbox:
    """Runs functions of untrusted source in warm, locked-down workers.

    Made by `Sandbox.open`. Thread-safe; in asyncio code call `run` through ``asyncio.to_thread``.

        with Sandbox.open() as sandbox:
            outcome = sandbox.run("def add(a, b):\\n    return a + b\\n", "add", {"a": 1, "b": 2})
    """

    def __init__(self, lane: Lane, interpreter: Interpreter, *, workers: int = 2) -> None:
        self.lane = lane
        self.interpreter = interpreter
        self._pool = Pool(lambda: launch(lane, interpreter), workers)
        self._report: LaneReport | None = None

    @classmethod
    def open(cls, lane: Lane | None = None, *, workers: int = 2) -> Sandbox:
        """The strongest lane that holds against the canary attacks here, or exactly ``lane``.

        Raises `SandboxUnavailableError` when there is none: tools never run bare.
        """
        reasons: list[str] = []
        for candidate in LANES if lane is None else (lane,):
            sandbox, report = _try_lane(candidate, workers)
            if sandbox is not None:
                return sandbox
            reasons.append(f"{candidate}: {report.reason}")
        raise SandboxUnavailableError(f"no sandbox can run tools here ({'; '.join(reasons)})")

    @property
    def report(self) -> LaneReport:
        """What the canary attacks found when the sandbox was opened."""
        if self._report is None:
            self._report = self._attacked()
        return self._report

    def run(
        self,
        source: str,
        function: str,
        arguments: Mapping[str, JsonValue],
        limits: Limits = DEFAULT_LIMITS,
    ) -> ToolOutcome:
        """Call one function of a source with these keyword arguments.

        Whatever the tool does comes back as an outcome. Raises `SandboxUnavailableError` when the
        sandbox is closed or its workers can no longer be started.
        """
        call = {"source": source, "function": function, "arguments": dict(arguments)}
        try:
            request = json.dumps(call, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            message = f"the arguments are not JSON: {error}"
            return ToolOutcome(ok=False, error=ToolFailure(type="NotJSON", message=message))
        try:
            return outcome_of(self._pool.call(request, limits), limits)
        except WorkerDiedError as death:
            return ToolOutcome(
                ok=False, error=ToolFailure(type="SandboxFailed", message=str(death))
            )

    def pids(self) -> list[int]:
        """The worker processes that are running now."""
        return self._pool.pids()

    def close(self) -> None:
        """End all workers, busy ones too; no process stays behind."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _attacked(self) -> LaneReport:
        ready = self._pool.worker().ready
        attacks, milliseconds = attack(self.run)
        escaped = [a.name for a in attacks if not a.contained]
        return LaneReport(
            lane=self.lane,
            usable=not escaped,
            reason=f"not contained: {', '.join(escaped)}" if escaped else "all attacks contained",
            python=ready.python,
            interpreter=str(self.interpreter.executable),
            landlock_abi=ready.landlock,
            milliseconds_per_call=milliseconds,
            attacks=attacks,
        )


def probe(lane: Lane | None = None) -> LaneReport:
    """Try a lane by attacking it, and leave nothing running; without a lane, the one to be used."""
    if lane is None:
        for candidate in LANES:
            report = probe(candidate)
            if report.usable:
                break
        return report
    sandbox, report = _try_lane(lane, workers=1)
    if sandbox is not None:
        sandbox.close()
    return report


def _try_lane(lane: Lane, workers: int) -> tuple[Sandbox | None, LaneReport]:
    """An attacked and usable sandbox, or the report of the interpreter that came closest."""
    failure = LaneReport(lane=lane, usable=False, reason="there is no Python 3.10 or later to run")
    for interpreter in interpreters():
        reason = why_not(lane, interpreter)
        if reason is not None:
            failure = LaneReport(lane=lane, usable=False, reason=reason)
            continue
        sandbox = Sandbox(lane, interpreter, workers=workers)
        try:
            report = sandbox.report
        except SandboxUnavailableError as error:
            report = LaneReport(lane=lane, usable=False, reason=str(error))
        if report.usable:
            return sandbox, report
        sandbox.close()
        failure = report
    return None, failure

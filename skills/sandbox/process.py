"""One worker process as the host sees it: start, exchange one call at a time, end."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import subprocess
import tempfile
import time
from concurrent.futures import Executor
from dataclasses import dataclass
from subprocess import Popen
from typing import IO, Literal

from pydantic import TypeAdapter, ValidationError

from skillweave.skills.errors import SandboxUnavailableError
from skillweave.skills.model import Frozen
from skillweave.skills.sandbox import scratch
from skillweave.skills.sandbox.lanes import Launch
from skillweave.skills.sandbox.values import Limits

_START_SECONDS = 30.0
_GRACE_SECONDS = 5.0
"""How long after its limits a worker may take to report before it is taken for dead."""
_CHUNK = 1 << 16

EndReason = Literal["time", "disk", "output", "result"]


class WorkerDiedError(Exception):
    """The worker ended, or stopped answering, and must be replaced.

    ``started`` tells whether it had already been given the call.
    """

    def __init__(self, *, started: bool) -> None:
        super().__init__("the sandbox worker died")
        self.started = started


class Ready(Frozen):
    """A worker's first message."""

    python: str
    landlock: int


class Report(Frozen):
    """A worker's account of how a call's process ended."""

    reason: Literal["time", "disk", "stopped"] | None
    status: int
    """Exit code, or minus the number of the signal."""
    cpu_seconds: float
    memory_bytes: int


@dataclass(frozen=True)
class Ending:
    """All a call left behind; ``result`` and ``output`` come from the tool and are not trusted."""

    report: Report
    reason: EndReason | None
    result: bytes
    output: bytes
    seconds: float


_ready = TypeAdapter(Ready)
_report = TypeAdapter(Report)


class WorkerProcess:
    """A running worker. Not thread-safe: one call at a time."""

    def __init__(
        self, launch: Launch, process: Popen[bytes], control: socket.socket, ready: Ready
    ) -> None:
        self._launch = launch
        self._process = process
        self._control = control
        self.ready = ready

    @classmethod
    def start(cls, launch: Launch, spawner: Executor) -> WorkerProcess:
        """Start a worker and wait until it takes calls.

        It lives no longer than the thread that starts it, hence the ``spawner``, which keeps one
        thread for all workers.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with tempfile.TemporaryFile() as complaints:
            try:
                process = spawner.submit(_spawn, launch, theirs, complaints).result()
            except OSError as error:
                ours.close()
                _remove_scratch(launch)
                raise SandboxUnavailableError(f"{launch.command[0]}: {error.strerror}") from error
            finally:
                theirs.close()
            ours.settimeout(_START_SECONDS)
            with contextlib.suppress(OSError, ValidationError):
                ready = _ready.validate_json(ours.recv(4096))
                ours.setblocking(False)
                return cls(launch, process, ours, ready)
            _end(process, ours, launch)
            complaints.seek(0)
            lines = complaints.read(8192).decode(errors="replace").strip().splitlines()
        raise SandboxUnavailableError(lines[-1] if lines else "its worker does not start")

    @property
    def pid(self) -> int:
        """The process that the host started; in the bubblewrap lane, bubblewrap itself."""
        return self._process.pid

    def call(self, request: bytes, limits: Limits) -> Ending:
        """Run one call to its end. Raises `WorkerDiedError`."""
        if self._process.poll() is not None:  # in the bubblewrap lane its child may be going still
            raise WorkerDiedError(started=False)
        exchange = _Exchange(self._control, request, limits)
        try:
            return exchange.run()
        finally:
            exchange.close()

    def kill(self) -> None:
        """End the worker at once; safe from any thread. A call in progress raises `WorkerDiedError`."""
        self._process.kill()

    def stop(self) -> None:
        """End the worker and leave nothing of it."""
        _end(self._process, self._control, self._launch)


def _spawn(launch: Launch, control: socket.socket, complaints: IO[bytes]) -> Popen[bytes]:
    return Popen(
        launch.command,
        env=launch.environment,
        stdin=control.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=complaints,
        cwd="/",
        start_new_session=True,
    )


def _end(process: Popen[bytes], control: socket.socket, launch: Launch) -> None:
    control.close()  # the worker leaves by itself when it sees this
    try:
        process.wait(timeout=1.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _remove_scratch(launch)


def _remove_scratch(launch: Launch) -> None:
    if launch.scratch is not None:
        with contextlib.suppress(OSError):
            scratch.wipe(launch.scratch)
            launch.scratch.rmdir()


class _Capture:
    """What the tool writes into one pipe, up to a cap."""

    def __init__(self, descriptor: int, cap: int) -> None:
        self.descriptor = descriptor
        self.cap = cap
        self.data = bytearray()

    @property
    def overflowing(self) -> bool:
        return len(self.data) > self.cap

    def take(self) -> bool:
        """Read what is there now; false when no more is to come or to be taken."""
        while not self.overflowing:
            room = self.cap + 1 - len(self.data)
            try:
                chunk = os.read(self.descriptor, min(_CHUNK, room))
            except BlockingIOError:
                return True
            if not chunk:
                return False
            self.data += chunk
        return False


class _Exchange:
    """The bytes of one call: the request goes out, result and output come in."""

    def __init__(self, control: socket.socket, request: bytes, limits: Limits) -> None:
        self._control = control
        self._unsent = memoryview(request)
        self._limits = limits
        self._selector = selectors.DefaultSelector()
        their_request, self._request = os.pipe()
        result, their_result = os.pipe()
        output, their_output = os.pipe()
        self._result = _Capture(result, limits.result_bytes)
        self._output = _Capture(output, limits.output_bytes)
        self._theirs = [their_request, their_result, their_output]
        self._ours = {self._request, result, output}
        for descriptor in self._ours:
            os.set_blocking(descriptor, False)

    def run(self) -> Ending:
        begin = time.perf_counter()
        self._hand_over()
        report = self._follow(begin + self._limits.wall_seconds + _GRACE_SECONDS)
        seconds = time.perf_counter() - begin
        for capture in (self._result, self._output):
            capture.take()
        result, output = bytes(self._result.data), bytes(self._output.data)
        return Ending(report, self._reason(report), result, output, seconds)

    def close(self) -> None:
        self._selector.close()
        for descriptor in (*self._ours, *self._theirs):
            os.close(descriptor)

    def _hand_over(self) -> None:
        limits = self._limits.model_dump_json(exclude={"output_bytes", "result_bytes"})
        try:
            socket.send_fds(self._control, [limits.encode()], self._theirs)
        except OSError as error:
            raise WorkerDiedError(started=False) from error
        while self._theirs:
            os.close(self._theirs.pop())

    def _follow(self, deadline: float) -> Report:
        """Move bytes until the worker reports the end of the call."""
        self._selector.register(self._control, selectors.EVENT_READ)
        self._selector.register(self._request, selectors.EVENT_WRITE)
        captures = {c.descriptor: c for c in (self._result, self._output)}
        for descriptor in captures:
            self._selector.register(descriptor, selectors.EVENT_READ)
        while ready := self._selector.select(max(0.0, deadline - time.perf_counter())):
            for key, _ in ready:
                if key.fileobj is self._control:
                    return self._receive_report()
                if key.fd == self._request:
                    self._write()
                elif not captures[key.fd].take():
                    if captures[key.fd].overflowing:
                        self._stop()
                    self._drop(key.fd)
        raise WorkerDiedError(started=True)

    def _receive_report(self) -> Report:
        try:
            return _report.validate_json(self._control.recv(4096))
        except (OSError, ValidationError) as error:
            raise WorkerDiedError(started=True) from error

    def _reason(self, report: Report) -> EndReason | None:
        if self._output.overflowing:
            return "output"
        if self._result.overflowing:
            return "result"
        return None if report.reason == "stopped" else report.reason

    def _write(self) -> None:
        try:
            sent = os.write(self._request, self._unsent[:_CHUNK])
        except BlockingIOError:
            return
        except BrokenPipeError:  # the child is gone; the report will say how
            sent = len(self._unsent)
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._drop(self._request)

    def _stop(self) -> None:
        with contextlib.suppress(OSError):  # a dead worker shows when the report is read
            self._control.send(b"stop")

    def _drop(self, descriptor: int) -> None:
        """Forget one of our ends; the reading ends are kept for the last look after the report."""
        self._selector.unregister(descriptor)
        if descriptor == self._request:
            self._ours.discard(descriptor)
            os.close(descriptor)

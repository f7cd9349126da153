"""A model server's life as its starter sees it: start, wait until it answers, stop, last words."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from skillweave.agent.handle import OnPhase
from skillweave.agent.serving.spec import ServerSpec
from skillweave.skills.errors import ServerError

STOP_SECONDS = 5.0
KEPT_LOGS = 20
HEALTH_INTERVAL = 0.02
_TELLING = re.compile(r"(\b\w*(Error|Exception|Interrupt)\b.*|\berror\b.*|.*\bKilled\b.*)", re.I)


class Server:
    """A server that this process started, and that does not outlive it.

    Get one with `Server.start`; `stop` it, or end: both leave no process behind.
    """

    def __init__(
        self, spec: ServerSpec, process: subprocess.Popen[bytes], lifeline: socket.socket, log: Path
    ):
        self.spec = spec
        self.log = log
        self.url = ""
        self._process = process
        self._lifeline = lifeline

    @classmethod
    async def start(
        cls,
        spec: ServerSpec,
        state_dir: Path,
        *,
        seconds: float = 600.0,
        on_phase: OnPhase | None = None,
    ) -> Server:
        """Start a server and wait until it answers; raises `ServerError` when it does not."""
        server = cls._launch(spec, state_dir)
        try:
            async with asyncio.timeout(seconds):
                await server.wait_until_ready(on_phase)
        except TimeoutError:
            server.stop()
            raise ServerError(
                f"the model server was not ready after {seconds:.0f} s; the log is {server.log}"
            ) from None
        except BaseException:
            server.stop()
            raise
        return server

    @classmethod
    def _launch(cls, spec: ServerSpec, state_dir: Path) -> Server:
        logs = state_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair()
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for old in sorted(logs.glob("server-*.log"))[:-KEPT_LOGS]:
            old.unlink(missing_ok=True)
        log = logs / f"server-{stamp}-{os.getpid()}.log"
        command = [sys.executable, "-m", "skillweave.agent.serving.api_server"]
        with theirs, log.open("ab") as output:
            process = subprocess.Popen(
                [*command, str(theirs.fileno()), *spec.arguments()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **spec.environment()},
                pass_fds=[theirs.fileno()],
                process_group=0,
            )
        ours.setblocking(False)
        return cls(spec, process, ours, log)

    async def wait_until_ready(self, on_phase: OnPhase | None = None) -> None:
        """Return when the server answers; raises `ServerError` when it ends instead."""
        started = time.perf_counter()
        async for line in self._told():
            if line.startswith("listening "):
                self.url = f"http://{_reachable(self.spec.host)}:{line.split()[1]}/v1"
                break
            if on_phase is not None:
                on_phase(line, time.perf_counter() - started)
        else:
            raise self._died("did not start")
        health = self.url.removesuffix("/v1") + "/health"
        async with httpx.AsyncClient(trust_env=False) as client:
            while self.alive:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(health)).is_success:
                        return
                await asyncio.sleep(HEALTH_INTERVAL)
        raise self._died("did not start")

    async def _told(self) -> AsyncIterator[str]:
        """The lines of the server's lifeline, until it ends."""
        loop = asyncio.get_running_loop()
        text = b""
        while part := await loop.sock_recv(self._lifeline, 4096):
            *lines, text = (text + part).split(b"\n")
            for line in lines:
                yield line.decode()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> int:
        """Block until the server ends; returns its exit code."""
        return self._process.wait()

    def stop(self) -> None:
        """Stop the server and everything it started. May be called twice."""
        if self._lifeline.fileno() < 0:
            return
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._lifeline.close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _died(self, how: str) -> ServerError:
        return ServerError(f"the model server {how}: {self.last_words()}; the log is {self.log}")

    def last_words(self) -> str:
        """The line of the log that says best why the server ended."""
        return last_words(self.log.read_text(encoding="utf-8", errors="replace"))


def last_words(log: str) -> str:
    """The last line of a log that names an error, without its prefix; else the last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for line in reversed(lines):
        if found := _TELLING.search(line):
            return found[0].strip()
    return lines[-1] if lines else "it said nothing"


def _reachable(host: str) -> str:
    """The address under which this machine reaches a server that listens on ``host``."""
    if host in ("", "0.0.0.0"):
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host

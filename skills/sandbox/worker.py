"""The process inside the sandbox: started once, it forks a locked-down child for every call.

Started by its path (``python -I -S -B worker.py CONFIG``) with the control socket as standard
input; it must import nothing but the standard library and its four neighbours, and run on Python 3.10.

For a call the host sends one message: the limits, and three descriptors (request, result, output).
Only the child reads the request and writes the result, so that this process, of which every later
child is a copy, never holds a byte of any call. Its own answer is how the child ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import platform
import select
import signal
import socket
import sys
import time
import typing
from pathlib import Path

if typing.TYPE_CHECKING:
    from skillweave.skills.sandbox import lockdown, scratch, seccomp, tool_call
else:
    sys.path.insert(0, str(Path(__file__).parent))
    import lockdown
    import scratch
    import seccomp
    import tool_call

    del sys.path[0]

OFTEN_USED = (
    *("base64", "bisect", "calendar", "collections", "copy", "csv", "dataclasses", "datetime"),
    *("decimal", "difflib", "enum", "fractions", "functools", "hashlib", "heapq", "html", "io"),
    *("itertools", "math", "operator", "random", "re", "statistics", "string", "textwrap"),
    *("typing", "unicodedata", "urllib.parse", "uuid", "zoneinfo"),
)
"""Imported before the first fork, once for all calls; the rest of the library when a tool asks."""
REQUEST, RESULT = 3, 4
"""Descriptors of the child; 0 is /dev/null, 1 and 2 are the captured output."""
ENVIRONMENT = frozenset({"PATH", "HOME", "TMPDIR", "LANG", "TZ", "LD_LIBRARY_PATH"})
QUOTA_PERIOD = 0.05
NOT_LOCKED = 70
"""Exit code of a child that could not lock itself down, and so ran nothing."""


class Config(typing.NamedTuple):
    """What the lane says to the worker; the names are the keys of the JSON argument."""

    scratch: str
    read: list[str]
    """Paths the tool may read: the standard library and the system's shared libraries."""
    user: int | None
    """Become this user first; None when already an ordinary one."""
    landlock: int
    """Oldest version of Landlock that will do; 0 where the lane hides files by itself."""
    count_threads: bool
    """Limit threads; not where the user's other processes would be counted with them."""
    scratch_bytes: int | None
    """Kill a call whose scratch folder grows over this; None where the lane limits the folder."""


class CallLimits(typing.NamedTuple):
    """The limits of one call, as they come over the control socket."""

    cpu_seconds: int
    wall_seconds: float
    memory_bytes: int
    file_bytes: int
    threads: int


def keep_only(request: int, result: int, output: int) -> None:
    """Arrange the child's descriptors and close every other one."""
    out_of_the_way = 16
    request, result = (fcntl.fcntl(fd, fcntl.F_DUPFD, out_of_the_way) for fd in (request, result))
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(request, REQUEST)
    os.dup2(result, RESULT)
    os.closerange(RESULT + 1, 1 << 16)


class Zygote:
    """Waits for calls and forks a child for each."""

    def __init__(self, config: Config, control: socket.socket) -> None:
        self.config = config
        self.control = control
        self.filter = seccomp.SystemCallFilter(platform.machine())
        devices = ("/dev/null", "/dev/zero", "/dev/urandom")
        self.file_rules: int | None = None
        if lockdown.landlock_abi() < config.landlock:
            raise OSError(f"the kernel has no Landlock of version {config.landlock} or later")
        if lockdown.landlock_abi():
            write = (config.scratch, "/dev/null")
            self.file_rules = lockdown.file_rules((*config.read, *devices), write)

    def serve(self) -> None:
        """Answer calls until the host closes the control socket."""
        own = os.getpid()
        while True:
            message, descriptors, _, _ = socket.recv_fds(self.control, 4096, 3)
            if not message:
                return
            if len(descriptors) != 3:  # a late "stop" of the call before
                continue
            limits = CallLimits(**json.loads(message))
            child = os.fork()
            if child == 0:
                self.become_tool(own, limits, *descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            report = self.wait(child, limits.wall_seconds)
            scratch.wipe(Path(self.config.scratch))
            self.control.send(json.dumps(report).encode())

    def become_tool(
        self, parent: int, limits: CallLimits, request: int, result: int, output: int
    ) -> None:
        """The child's whole life; nothing of the tool is read before the last lock is on."""
        exit_code = NOT_LOCKED
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            lockdown.signal_at_parents_death(signal.SIGKILL)
            if os.getppid() != parent:  # it died before, and nobody would end this process
                return
            self.lock(limits)
            keep_only(request, result, output)
            exit_code = 0
            with open(REQUEST, "rb") as stream:
                request_body = json.loads(stream.read())
            answer = tool_call.encoded(tool_call.run_tool(**request_body))
            with contextlib.suppress(Exception):  # the tool may have closed or replaced it
                sys.stdout.flush()
            unsent = memoryview(answer)
            while unsent:
                unsent = unsent[os.write(RESULT, unsent) :]
        finally:
            os._exit(exit_code)

    def lock(self, limits: CallLimits) -> None:
        os.chdir(self.config.scratch)
        lockdown.limit_resources(
            cpu_seconds=limits.cpu_seconds,
            memory_bytes=limits.memory_bytes,
            file_bytes=limits.file_bytes,
            threads=limits.threads if self.config.count_threads else None,
        )
        if self.file_rules is not None:
            lockdown.restrict_files(self.file_rules)
        lockdown.restrict_calls(self.filter.program(os.getpid()))

    # --- in the zygote ---------------------------------------------------------------------------

    def wait(self, child: int, wall_seconds: float) -> dict[str, object]:
        """See the child to its end, and tell how it came."""
        handle: int = os.pidfd_open(child)
        reason: str | None = "abandoned"
        try:
            reason = self.watch(handle, wall_seconds)
        finally:
            if reason is not None:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            _, status, usage = os.wait4(child, 0)
            os.close(handle)
        if reason == "abandoned":
            raise SystemExit
        return {
            "reason": reason,
            "status": os.waitstatus_to_exitcode(status),
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "memory_bytes": usage.ru_maxrss * 1024,
        }

    def watch(self, handle: int, wall_seconds: float) -> str | None:
        """Wait until the child ends by itself (None), or has to be ended, and for what reason."""
        watched: list[int | socket.socket] = [handle, self.control]
        end = time.monotonic() + wall_seconds
        while True:
            left = max(0.0, end - time.monotonic())
            period = left if self.config.scratch_bytes is None else min(left, QUOTA_PERIOD)
            ready, _, _ = select.select(watched, [], [], period)
            if handle in ready:
                return None
            if self.control in ready:
                return "stopped" if self.control.recv(64) else "abandoned"
            if time.monotonic() >= end:
                return "time"
            if self.over_quota():
                return "disk"

    def over_quota(self) -> bool:
        quota = self.config.scratch_bytes
        return quota is not None and scratch.weight(self.config.scratch, quota) > quota


def leave(number: int, frame: object) -> None:
    """The host is gone; the child of a call in progress dies with this process."""
    raise SystemExit


def main() -> None:
    config = Config(**json.loads(sys.argv[1]))
    for name in os.environ.keys() - ENVIRONMENT:
        del os.environ[name]
    control = socket.socket(fileno=os.dup(0))
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    if config.user is not None:
        lockdown.drop_privileges(config.user)
    signal.signal(signal.SIGTERM, leave)
    lockdown.signal_at_parents_death(signal.SIGTERM)
    lockdown.hide_memory()
    for name in OFTEN_USED:
        importlib.import_module(name)
    zygote = Zygote(config, control)
    ready = {"python": sys.version.split()[0], "landlock": lockdown.landlock_abi()}
    gc.collect()
    gc.freeze()
    try:
        control.send(json.dumps(ready).encode())
        zygote.serve()
    finally:
        with contextlib.suppress(OSError):  # the lane may have mounted it
            scratch.wipe(Path(config.scratch))
            Path(config.scratch).rmdir()


if __name__ == "__main__":
    main()

"""No orphans: a server that dies with whoever started it, also when that one is killed outright.

The server's process group holds two processes: the guard, tiny, and the server itself. The guard
holds one end of a socket pair whose other end is in the starter. The kernel closes that end when
the starter ends in whatever way, and the guard then kills the group. A parent-death signal would
not do in its place: it fires when the starting *thread* ends.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

PR_SET_PDEATHSIG = 1
ORPHAN_SECONDS = 2.0
"""How often to look for the starter itself: a process it forked may hold the lifeline open."""


def run_guarded(lifeline: socket.socket, serve: Callable[[], int]) -> int:
    """Run ``serve`` in a child; returns its exit code. Call before any thread is started."""
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        _die_with_guard(guard)
        _serve_and_exit(serve)
    # The group gets SIGTERM as a whole: the server ends in good order, the guard sees that.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return _watch(lifeline, child)


def _serve_and_exit(serve: Callable[[], int]) -> NoReturn:
    """Exit without tearing the interpreter down: that takes seconds, and nothing is left to save."""
    code = 1
    try:
        code = serve()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - the log is where the starter looks for the reason
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _watch(lifeline: socket.socket, child: int) -> int:
    ended = os.pidfd_open(child)
    starter = os.getppid()
    watched = [lifeline.fileno(), ended]
    while True:
        readable, _, _ = select.select(watched, [], [], ORPHAN_SECONDS)
        if ended in readable:
            _, status = os.waitpid(child, 0)
            return os.waitstatus_to_exitcode(status)
        if os.getppid() != starter or (lifeline.fileno() in readable and not lifeline.recv(64)):
            os.killpg(os.getpgid(0), signal.SIGKILL)


def _die_with_guard(guard: int) -> None:
    """If the guard itself is killed the server goes too (the guard has one thread, so this is exact)."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != guard:
        os._exit(1)

"""Canary attacks: a lane is believed only after it has held against them, on this machine."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from skillweave.skills.sandbox.values import Attack, ToolOutcome

_ATTACKS: Mapping[str, str] = {
    "read a file outside": "return open(path).read()",
    "write a file outside": "open(path, 'w').write('overwritten')\nreturn 'written'",
    "list a folder outside": "import os\nreturn os.listdir(os.path.dirname(path))",
    "read /etc/passwd": "return open('/etc/passwd').read(64)",
    "open a socket": "import socket\nreturn str(socket.socket())",
    "start a process": "import os\nreturn os.fork()",
    "run a program": "import os\nos.execv('/bin/sh', ['sh'])",
    "signal its parent": "import os\nos.kill(os.getppid(), 0)\nreturn 'signalled'",
    "make a namespace": (
        "import ctypes\nif ctypes.CDLL(None).unshare(0x10000000):\n"
        "    raise PermissionError('unshare')\nreturn 'made'"
    ),
    "trace its parent": (
        "import ctypes, os\nif ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0):\n"
        "    raise PermissionError('ptrace')\nreturn 'traced'"
    ),
    "change a file's mode": "import os\nos.chmod(path, 0o777)\nreturn 'changed'",
    "see the environment": (
        "import os\n"
        "seen = os.environ.keys() - {'PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'LD_LIBRARY_PATH'}\n"
        "if not seen:\n    raise PermissionError('only what the sandbox sets')\n"
        "return sorted(seen)"
    ),
    "allocate 4 GB": "return len(bytearray(4 << 30))",
}
_REFUSALS = frozenset(
    {"PermissionError", "FileNotFoundError", "OSError", "BlockingIOError", "MemoryError"}
)
_CONTROL = "def control(numbers):\n    import math\n    return math.fsum(numbers)\n"


class Run(Protocol):
    """How a tool is called: `Sandbox.run`."""

    def __call__(
        self, source: str, function: str, arguments: Mapping[str, JsonValue], /
    ) -> ToolOutcome: ...


def attack(run: Run) -> tuple[tuple[Attack, ...], float]:
    """Make every attack, after one harmless call; and the milliseconds a harmless call takes.

    The canary is a file of this user's own, in a folder of its own.
    """
    with tempfile.TemporaryDirectory(prefix="skillweave-canary-") as folder:
        canary = Path(folder, "canary")
        canary.write_text(secrets.token_hex(16))
        results = [_harmless(run)]
        before = canary.stat()
        for name, body in _ATTACKS.items():
            results.append(_made(run, name, body, canary))
        after = canary.stat()
        untouched = (before.st_mode, before.st_mtime_ns) == (after.st_mode, after.st_mtime_ns)
        results.append(
            Attack(
                name="leave a trace",
                contained=untouched and list(Path(folder).iterdir()) == [canary],
                detail="the canary is as it was" if untouched else "the canary was changed",
            )
        )
    return tuple(results), _milliseconds_per_call(run)


def _harmless(run: Run) -> Attack:
    """Locks that stop everything prove nothing: an honest tool must work."""
    outcome = run(_CONTROL, "control", {"numbers": [1, 2, 3.5]})
    detail = "an honest tool works" if outcome.value == 6.5 else f"an honest tool: {outcome.error}"
    return Attack(name="do honest work", contained=outcome.value == 6.5, detail=detail)


def _made(run: Run, name: str, body: str, canary: Path) -> Attack:
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    outcome = run(f"def canary(path):\n{indented}", "canary", {"path": str(canary)})
    if outcome.error is None:
        return Attack(name=name, contained=False, detail=f"it got {str(outcome.value)[:100]!r}")
    contained = outcome.error.type in _REFUSALS
    return Attack(name=name, contained=contained, detail=str(outcome.error)[:200])


def _milliseconds_per_call(run: Run) -> float:
    begin, calls = time.perf_counter(), 5
    for _ in range(calls):
        run(_CONTROL, "control", {"numbers": [1.0]})
    return round((time.perf_counter() - begin) * 1000 / calls, 2)

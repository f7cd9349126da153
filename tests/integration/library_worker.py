"""Changes a library on order, in a process of its own that may be killed at any point.

Orders come as JSON lines, answers go out as lines. The modules are imported once; each order runs in
a fork, so that five hundred kills take minutes, not hours.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import chromadb  # noqa: F401 - imported before the forks: it takes a second
import numpy as np  # noqa: F401

from skillweave.skills import atomic
from skillweave.store import HashEmbedder, Library, embed, library, prepared

STORE = str(Path(library.__file__).parent)
SILENT = (embed.__file__, prepared.__file__)
"""Thousands of lines that only calculate."""


class Lines:
    """Counts the lines that run in the library's code, and kills the process at one of them."""

    def __init__(self, last: int):
        self.seen = 0
        self._last = last

    def __call__(self, frame: FrameType, event: str, argument: object) -> Any:
        file = frame.f_code.co_filename
        if file == atomic.__file__ or (file.startswith(STORE) and file not in SILENT):
            return self._line
        return None

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        self.seen += 1
        if self.seen == self._last:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._line


def say(line: str) -> None:
    """Write at once, past all buffers: the next moment may be the last."""
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


def change(order: dict[str, Any]) -> None:
    """Open the library, make one change, say so, close it."""
    with Library(order["root"], embedder=HashEmbedder(), builtin=False) as opened:
        match order["change"]:
            case "add" | "update":
                opened.add(order["source"], state="active")
            case "archive":
                opened.archive(order["name"])
            case "restore":
                opened.restore(order["name"])
            case "rebuild":
                opened.rebuild()
        say("changed")


def run(order: dict[str, Any]) -> None:
    """One order, killed at a line or after some seconds when the order says so."""
    lines = Lines(order["line"])
    if order["seconds"]:
        killer = threading.Timer(order["seconds"], os.kill, (os.getpid(), signal.SIGKILL))
        killer.daemon = True
        killer.start()
    else:
        sys.settrace(lines)
    try:
        change(order)
    finally:
        sys.settrace(None)
    say(f"lines {lines.seen}")


def main() -> None:
    """Serve orders until the input ends; each answer ends with a line ``exit STATUS``."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(json.loads(line))
            os._exit(0)
        say(f"exit {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}")


if __name__ == "__main__":
    main()

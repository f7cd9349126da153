"""The trace of a run: one JSON object a line, appended and never changed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import JsonValue

from skillweave.agent.handle import Answer
from skillweave.agent.profiles.base import Prompt
from skillweave.agent.result import Event
from skillweave.agent.state import Candidate


def trace_file(state_dir: Path, run: str) -> Path:
    """Where the trace of a run lies."""
    return state_dir / "runs" / run / "trace.jsonl"


class Trace:
    """Appends to the trace of one run. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, kind: str, **facts: JsonValue) -> None:
        """One line; every line has ``at`` and ``kind``."""
        record = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "kind": kind, **facts}
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()

    def event(self, event: Event) -> None:
        """What the user was told; single tokens are left out, the answer holds them all."""
        if event.kind != "token":
            facts = event.model_dump(mode="json", exclude={"kind"})
            self.write(event.kind, **facts)

    def asked(self, prompt: Prompt, answer: Answer) -> None:
        """A question to the model and what it said."""
        self.write(
            "ask",
            messages=[m.model_dump() for m in prompt.messages],
            answer=answer.model_dump(mode="json"),
        )

    def read(self, readings: Sequence[Answer]) -> None:
        """What a reader made of the request, likeliest first."""
        self.write("read", readings=[one.model_dump(mode="json") for one in readings])

    def found(self, step: int, query: str, candidates: tuple[Candidate, ...]) -> None:
        """The skills that may do a step, best first."""
        listed: list[JsonValue] = [c.model_dump(mode="json") for c in candidates]
        self.write("candidates", step=step, query=query, candidates=listed)

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def read_trace(path: Path) -> Iterator[dict[str, JsonValue]]:
    """The records of a trace, in order. A last line that a kill cut off is left out."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield json.loads(line)

"""What the trace of a run says beyond its result: the candidates of each step."""

from __future__ import annotations

from pathlib import Path

from pydantic import JsonValue

from skillweave.agent.cli.summary import short_name
from skillweave.agent.trace import read_trace, trace_file

__all__ = ["candidates_of", "trace_file"]


def candidates_of(state_dir: Path, run: str) -> dict[int, tuple[str, ...]]:
    """The candidates of each step, best first: ``{1: ("word-count 0.82", ...)}``."""
    path = trace_file(state_dir, run)
    if not path.is_file():
        return {}
    found: dict[int, tuple[str, ...]] = {}
    for record in read_trace(path):
        step, listed = record.get("step"), record.get("candidates")
        if record["kind"] == "candidates" and isinstance(step, int) and isinstance(listed, list):
            found[step] = tuple(_told(one) for one in listed)
    return found


def _told(candidate: JsonValue) -> str:
    """``word-count 0.82``: a candidate and how well it matches the step's goal."""
    if not isinstance(candidate, dict):
        return str(candidate)
    name, match = candidate.get("skill"), candidate.get("match")
    told = short_name(str(name))
    return f"{told} {match:.2f}" if isinstance(match, float) and match else told

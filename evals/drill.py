"""The samples of a run for the report: what was asked, how each arm fared, and its trace in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import JsonValue

from skillweave.agent.trace import read_trace
from skillweave.evals.record import Record
from skillweave.evals.runs import SuiteRun
from skillweave.skills.model import Frozen

LONGEST = 400
"""Characters of one line; the files of the run hold the rest."""


class Tried(Frozen):
    """One trial."""

    arm: str
    seed: int
    mark: str
    verdict: str
    facts: tuple[tuple[str, str], ...]
    trace: tuple[str, ...]


class Drilled(Frozen):
    """One sample with all its trials."""

    sample: str
    family: str
    request: str
    expected: str
    trials: tuple[Tried, ...]


def drill(run: SuiteRun, *, traces: bool = True) -> list[Drilled]:
    """All samples, in the order of the arms and seeds of the run."""
    order = [arm.arm for arm in run.summary.arms]
    found: dict[str, list[Record]] = {}
    for record in run.records:
        found.setdefault(record.sample, []).append(record)
    return [
        Drilled(
            sample=name,
            family=records[0].family,
            request=records[0].request,
            expected=told(records[0].expected),
            trials=tuple(
                _trial(record, run.folder, traces=traces)
                for record in sorted(records, key=lambda r: (order.index(r.arm), r.seed))
            ),
        )
        for name, records in found.items()
    ]


def _trial(record: Record, folder: Path, *, traces: bool) -> Tried:
    mark = "right" if record.success == 1 else "wrong"
    facts = {
        "outcome": record.outcome or "",
        "value": told(record.value) if record.value is not None else "",
        "answer": record.answer,
        "why": record.note,
        "skills": ", ".join(record.skills),
        "tried": ", ".join(record.tried),
        "learned": ", ".join(record.new_skills),
        "cost": f"{record.steps} steps, {record.tokens} tokens, {record.seconds:.1f} s",
        "trace": record.trace,
    }
    path = folder / record.trace
    lines = trace_lines(read_trace(path)) if traces and record.trace and path.is_file() else ()
    score = "" if record.score is None else f" {record.score:g}"
    return Tried(
        arm=record.arm,
        seed=record.seed,
        mark=mark if record.status == "scored" else "odd",
        verdict=f"{record.status}{score}",
        facts=tuple((name, _cut(value)) for name, value in facts.items() if value),
        trace=tuple(lines),
    )


def trace_lines(records: Iterable[Mapping[str, JsonValue]]) -> list[str]:
    """One line for every record of a trace."""
    return [_cut(_line(record)) for record in records]


def _line(record: Mapping[str, JsonValue]) -> str:
    match record:
        case {
            "kind": "ask",
            "messages": [*_, {"content": str(asked)}],
            "answer": {"text": str(text)},
        }:
            return f"asked: {asked!r} · said: {text!r}"
        case {"kind": "candidates", "step": step, "candidates": [*candidates]}:
            names = [told(c.get("skill")) for c in candidates if isinstance(c, dict)]
            return f"step {step}: may be done by {', '.join(names) or 'nothing'}"
        case {"kind": "step_started", "id": step, "goal": goal, "skill": skill}:
            return f"step {step}: {goal} · with {skill}"
        case {"kind": "step_finished", "step": {"id": step, "ok": ok, "value": value}}:
            return f"step {step}: {'gave ' + told(value) if ok else 'failed'}"
        case {"kind": "result" | "finished", "result": {"outcome": outcome, "answer": answer}}:
            return f"{outcome}: {answer}"
    rest = {name: value for name, value in record.items() if name not in ("at", "kind")}
    return f"{record.get('kind')}: {told(rest)}"


def told(value: JsonValue) -> str:
    """A value as a person reads it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"

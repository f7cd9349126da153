"""Reading what a call left behind. The tool may have forged every byte of it."""

from __future__ import annotations

import json
import signal

from pydantic import JsonValue, TypeAdapter, ValidationError

from skillweave.skills.model import Frozen
from skillweave.skills.sandbox.process import Ending, EndReason
from skillweave.skills.sandbox.values import Limits, ToolFailure, ToolOutcome

DEEPEST = 100
"""Levels of nesting in a result; what reads it later may recurse."""
_NOT_LOCKED = 70
_TYPE_LENGTH, _MESSAGE_LENGTH = 100, 2000


class _Answer(Frozen):
    """What a worker's child writes when the tool returned or raised."""

    ok: bool
    value: JsonValue = None
    type: str = "Exception"
    message: str = ""
    line: int | None = None


_answer = TypeAdapter(_Answer)


def outcome_of(ending: Ending, limits: Limits) -> ToolOutcome:
    """The outcome of a call that ran to its end, one way or another."""
    error: ToolFailure | None
    value: JsonValue = None
    if (error := _failure(ending, limits)) is None:
        try:
            answer = _answer.validate_python(read_json(ending.result))
        except (ValueError, ValidationError) as problem:
            message = f"the answer cannot be read: {_one_line(problem)}"
            error = ToolFailure(type="BadResult", message=message)
        else:
            if answer.ok:
                value = answer.value
            else:
                error = ToolFailure(
                    type=answer.type[:_TYPE_LENGTH],
                    message=answer.message[:_MESSAGE_LENGTH],
                    line=answer.line,
                )
    return ToolOutcome(
        ok=error is None,
        value=value,
        error=error,
        stdout=ending.output[: limits.output_bytes].decode(errors="replace"),
        seconds=ending.seconds,
        cpu_seconds=ending.report.cpu_seconds,
        memory_bytes=ending.report.memory_bytes,
    )


def _failure(ending: Ending, limits: Limits) -> ToolFailure | None:
    """What the host or the kernel says about the ending, before the tool is asked."""
    report = ending.report
    if ending.reason is not None:
        name, message = _crossed(ending.reason, limits)
        return ToolFailure(type=name, message=message)
    if report.status < 0:
        out_of_time = -report.status == signal.SIGXCPU or report.cpu_seconds >= limits.cpu_seconds
        if out_of_time:
            message = f"it used more than {limits.cpu_seconds} s of CPU time"
            return ToolFailure(type="CpuLimit", message=message)
        return ToolFailure(type="Crashed", message=f"ended by {_signal_name(-report.status)}")
    if not ending.result:
        if report.status == _NOT_LOCKED:
            return ToolFailure(type="SandboxFailed", message="the locks could not be put on")
        message = f"the process left with code {report.status} before it answered"
        return ToolFailure(type="NoResult", message=message)
    return None


def _crossed(reason: EndReason, limits: Limits) -> tuple[str, str]:
    match reason:
        case "time":
            return "TimeLimit", f"it ran longer than {limits.wall_seconds:g} s"
        case "disk":
            return "DiskLimit", "it wrote more into the scratch folder than it may"
        case "output":
            return "OutputLimit", f"it printed more than {limits.output_bytes} bytes"
        case "result":
            return "ResultLimit", f"it returned more than {limits.result_bytes} bytes of JSON"


def read_json(data: bytes) -> JsonValue:
    """Parse JSON of hostile origin; raises ValueError for what the standard does not know too.

    NaN and infinities, nesting over `DEEPEST` levels, integers of thousands of digits and strings
    that are not Unicode text are refused.
    """
    try:
        value: JsonValue = json.loads(data.decode(), parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level: list[JsonValue] = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _members(outer)]
        if not level:
            return value
    raise ValueError(f"it is nested deeper than {DEEPEST} levels")


def _members(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, str):
        value.encode()  # raises UnicodeEncodeError, a ValueError, for half a surrogate pair
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large for a float")
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _one_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__

"""What goes into a sandboxed call and what comes out: frozen values, without I/O."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from skillweave.skills.model import Frozen

Lane = Literal["bubblewrap", "landlock"]

LANES: tuple[Lane, ...] = ("bubblewrap", "landlock")
"""The stronger first."""


class Limits(Frozen):
    """Hard limits of one call. Crossing one ends the call, never the host."""

    cpu_seconds: int = Field(default=5, ge=1)
    wall_seconds: float = Field(default=10.0, gt=0)
    memory_bytes: int = Field(default=512 << 20, ge=64 << 20)
    file_bytes: int = Field(default=10 << 20, ge=0)
    """Size of one scratch file; all of them together are limited by the lane."""
    threads: int = Field(default=16, ge=1)
    output_bytes: int = Field(default=64 << 10, ge=0)
    """What the tool may print."""
    result_bytes: int = Field(default=1 << 20, ge=1 << 10)
    """The returned value as JSON."""


class ToolFailure(Frozen):
    """Why a call gave no value.

    ``type`` is the name of the exception the tool raised, or one of the sandbox's own:
    ``TimeLimit``, ``CpuLimit``, ``DiskLimit``, ``OutputLimit``, ``ResultLimit`` (a limit was
    crossed); ``NotJSON`` (the arguments or the returned value); ``BadResult`` (what came back is
    not an answer); ``NoResult`` (the process left early); ``Crashed`` (a signal ended it);
    ``SandboxFailed`` (the worker died, or the locks could not be put on, so nothing ran).
    """

    type: str
    message: str
    line: int | None = None
    """Line of the tool's source."""

    def __str__(self) -> str:
        where = f" (line {self.line})" if self.line is not None else ""
        return f"{self.type}: {self.message}{where}"


class ToolOutcome(Frozen):
    """What one call of a tool came to."""

    ok: bool
    value: JsonValue = None
    error: ToolFailure | None = None
    stdout: str = ""
    """What the tool printed, stderr included."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    """The most memory the call had resident, the interpreter's share included."""


class Attack(Frozen):
    """One canary attack of a probe, made by a tool inside the sandbox."""

    name: str
    contained: bool
    detail: str
    """How it was refused; what it got when it was not."""


class LaneReport(Frozen):
    """Whether a lane contains tools on this machine, as found by trying."""

    lane: Lane
    usable: bool
    reason: str
    """One line: how it runs, or why it does not."""
    python: str = ""
    """Version of the interpreter that runs the tools."""
    interpreter: str = ""
    landlock_abi: int = 0
    milliseconds_per_call: float | None = None
    attacks: tuple[Attack, ...] = ()

"""Requests for tools that somebody dropped in, and the arguments that they give.

``calls_development.jsonl`` and the requests for several calls of its tools, ``several_development.jsonl``,
are what `skillweave.agent.calling` was written and fitted on. ``calls.jsonl``, ``several.jsonl`` for the same
tools, and the requests beyond them all, ``calls_beyond.jsonl``, were written by people who saw neither the
code nor the other files; nobody tunes on them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import JsonValue

from skillweave.skills.drop import WrappedSkill, wrap
from skillweave.skills.model import Frozen

DATA = Path(__file__).with_name("data")
DEVELOPMENT = DATA / "calls_development.jsonl"
HELD_OUT = DATA / "calls.jsonl"
BEYOND = DATA / "calls_beyond.jsonl"
SEVERAL_DEVELOPMENT = DATA / "several_development.jsonl"
SEVERAL = DATA / "several.jsonl"


class Request(Frozen):
    """Words, and the arguments that they give."""

    request: str
    arguments: Mapping[str, JsonValue] = {}


class Dropped(Frozen):
    """A tool as a person would write it, and requests for it."""

    source: str
    requests: tuple[Request, ...]

    def wrapped(self) -> WrappedSkill:
        """The tool as the library takes it in."""
        with TemporaryDirectory() as folder:
            file = Path(folder, "tool.py")
            file.write_text(self.source, encoding="utf-8")
            (one,) = wrap(file)
        return one


class Meant(Frozen):
    """One call that a request is for."""

    tool: str
    arguments: Mapping[str, JsonValue] = {}


class Several(Frozen):
    """Words, and the calls that they are for; often more than one."""

    request: str
    calls: tuple[Meant, ...]

    @property
    def tools(self) -> set[str]:
        """The tools that are called."""
        return {one.tool for one in self.calls}


def dropped(path: Path) -> list[Dropped]:
    """The tools of a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Dropped.model_validate(json.loads(line)) for line in lines]


def several(path: Path) -> list[Several]:
    """The requests of a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Several.model_validate(json.loads(line)) for line in lines]


def beyond() -> list[str]:
    """Requests that no tool can do, half of them about what the held-out tools are about."""
    lines = BEYOND.read_text(encoding="utf-8").splitlines()
    return [Request.model_validate(json.loads(line)).request for line in lines]


def is_same(given: Mapping[str, JsonValue], wanted: Mapping[str, JsonValue]) -> bool:
    """Whether a tool gets the same; capitals do not count."""
    return _small(dict(given)) == _small(dict(wanted))


def are_same(
    given: Sequence[Mapping[str, JsonValue]], wanted: Sequence[Mapping[str, JsonValue]]
) -> bool:
    """Whether a tool is called as often as it should be, in whatever order, and gets the same."""
    rest = list(wanted)
    for one in given:
        same = next((n for n, other in enumerate(rest) if is_same(one, other)), None)
        if same is None:
            return False
        del rest[same]
    return not rest


def _small(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            return {name: _small(one) for name, one in value.items()}
        case list():
            return [_small(one) for one in value]
        case str():
            return value.strip().casefold()
        case _:
            return value

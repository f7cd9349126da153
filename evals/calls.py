"""Requests for tools that somebody dropped in, and the arguments that they give.

``calls_development.jsonl`` is what `skillweave.agent.calling` was written and fitted on. ``calls.jsonl`` and
the requests beyond all its tools, ``calls_beyond.jsonl``, were written by someone who saw neither the code
nor the other file; nobody tunes on them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import JsonValue

from skillweave.skills.drop import WrappedSkill, wrap
from skillweave.skills.model import Frozen

DATA = Path(__file__).with_name("data")
DEVELOPMENT = DATA / "calls_development.jsonl"
HELD_OUT = DATA / "calls.jsonl"
BEYOND = DATA / "calls_beyond.jsonl"


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


def dropped(path: Path) -> list[Dropped]:
    """The tools of a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Dropped.model_validate(json.loads(line)) for line in lines]


def beyond() -> list[str]:
    """Requests that no tool can do, half of them about what the held-out tools are about."""
    lines = BEYOND.read_text(encoding="utf-8").splitlines()
    return [Request.model_validate(json.loads(line)).request for line in lines]


def is_same(given: Mapping[str, JsonValue], wanted: Mapping[str, JsonValue]) -> bool:
    """Whether a tool gets the same; capitals do not count."""
    return _small(dict(given)) == _small(dict(wanted))


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

"""Requests for tools that somebody dropped in, and the arguments that they give.

``calls_development.jsonl`` and the requests for several calls of its tools, ``several_development.jsonl``,
are what `skillweave.agent.calling` was written and fitted on. ``calls.jsonl``, ``several.jsonl`` for the same
tools, and the requests beyond them all, ``calls_beyond.jsonl``, were written by people who saw neither the
code nor the other files; nobody tunes on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from pydantic import JsonValue

from skillweave.skills.drop import WrappedSkill, wrap
from skillweave.skills.model import Frozen

M = TypeVar("M", bound=Frozen)
T = TypeVar("T")

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
    return _lines(path, Dropped)


def several(path: Path) -> list[Several]:
    """The requests of a file."""
    return _lines(path, Several)


def beyond() -> list[str]:
    """Requests that no tool can do, half of them about what the held-out tools are about."""
    return [one.request for one in _lines(BEYOND, Request)]


def _lines(path: Path, kind: type[M]) -> list[M]:
    """Each line of a file."""
    return [kind.model_validate_json(line) for line in path.read_text("utf-8").splitlines()]


def is_same(given: Mapping[str, JsonValue], wanted: Mapping[str, JsonValue]) -> bool:
    """Whether a tool gets the same; capitals do not count."""
    return _small(dict(given)) == _small(dict(wanted))


def are_same(
    given: Sequence[Mapping[str, JsonValue]], wanted: Sequence[Mapping[str, JsonValue]]
) -> bool:
    """Whether a tool is called as often as it should be, in whatever order, and gets the same."""
    return len(given) == len(wanted) and astray(given, wanted, is_same) is None


def astray(given: Sequence[T], wanted: Sequence[T], same: Callable[[T, T], bool]) -> T | None:
    """The first that is given and has no match among the wanted ones, each of which matches once."""
    rest = list(wanted)
    for one in given:
        match = next((n for n, other in enumerate(rest) if same(one, other)), None)
        if match is None:
            return one
        del rest[match]
    return None


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

"""Tasks to practise on, made of what the library can do; their right answers are worked out, not asked for.

A task is a program of one or two tools with fresh values, put into words by the requests that the tools
bring along (BOSS chains known skills; PAE proposes from context). Its answer is what the program gives
in the sandbox. Whoever does the task sees the words alone. The words are plain, as templates are; a
larger model may word them anew.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from skillweave.agent.deps import IN_USE, tool_source
from skillweave.agent.growth.compile import Tool
from skillweave.agent.growth.inputs import inputs_for
from skillweave.agent.growth.reuse import CHAIN
from skillweave.agent.schema import problem
from skillweave.skills.cases import Runner
from skillweave.skills.errors import UserError
from skillweave.skills.files import read_text
from skillweave.skills.model import Frozen, Signature
from skillweave.store.library import Library

Source = Literal["library", "failure", "document"]
LONGEST = 60
"""Characters of a value in a task, and of its answer."""
TRIES = 12
_WORDS = re.compile(r"[^\n\"'`]{3,60}")
_PLAIN = re.compile(r"[^\"'`\n{}\[\]<>|#]*")


class Call(Frozen):
    """A tool of the program that is behind a task, and what it is given and gives."""

    skill: str
    """Its plain name."""
    arguments: dict[str, JsonValue]
    value: JsonValue


class Practice(Frozen):
    """A task and its right answer."""

    family: str
    """The tools of its program (``reverse-text>count-vowels``); a failure has one of its own."""
    source: Source
    request: str
    calls: tuple[Call, ...] = ()
    expected: JsonValue = None
    known: bool = True
    """Whether the right answer is known; that of a failure is not."""


class Proposer:
    """Makes tasks of a library's tools."""

    def __init__(self, library: Library, runner: Runner, texts: Sequence[str] = ()) -> None:
        """``texts`` are values out of documents."""
        self._runner = runner
        self._texts = tuple(texts)
        self.tools = _usable(library)

    def families(self, rng: random.Random, number: int) -> list[str]:
        """Single tools, and pairs of which the second takes what the first gives."""
        names = sorted(self.tools)
        found = rng.sample(names, min(number, len(names)))
        for _ in range(number * 4):
            if len(found) >= 2 * number or not names:
                break
            first, second = rng.choice(names), rng.choice(names)
            if first != second and self._chains(first, second):
                found.append(f"{first}>{second}")
        return list(dict.fromkeys(found))

    def propose(self, family: str, rng: random.Random) -> Practice | None:
        """A task of a family; None where no values give one that is worth asking."""
        names = family.split(">")
        if any(name not in self.tools for name in names):
            return None
        for _ in range(TRIES):
            given, from_document = self._inputs(self.tools[names[0]], rng)
            calls = self._run(names, given) if given else ()
            if len(calls) == len(names) and _worth_asking(calls):
                words = [rng.choice(self.tools[name].skill.requests) for name in names]
                return Practice(
                    family=family,
                    source="document" if from_document else "library",
                    request=in_words(words, list(calls[0].arguments.values())),
                    calls=calls,
                    expected=calls[-1].value,
                )
        return None

    def _inputs(self, tool: Tool, rng: random.Random) -> tuple[dict[str, JsonValue], bool]:
        """Fresh values of the tool's required parameters; texts out of a document where there are some."""
        known = [case.arguments for case in tool.skill.cases if case.raises is None]
        made = inputs_for(tool.signature, known, rng, 3)
        if not made:
            return {}, False
        needed = [p for p in tool.signature.parameters if p.required]
        given = {p.name: made[-1][p.name] for p in needed if p.name in made[-1]}
        text = next(
            (p.name for p in needed if p.type == "string" and "enum" not in p.json_schema), ""
        )
        if not text or not self._texts or rng.random() < 0.3:
            return given, False
        return {**given, text: rng.choice(self._texts)}, True

    def _run(self, names: Sequence[str], given: Mapping[str, JsonValue]) -> tuple[Call, ...]:
        calls: list[Call] = []
        arguments = dict(given)
        for name in names:
            tool = self.tools[name]
            if calls:
                first = tool.signature.parameters[0]
                if problem(calls[-1].value, first.json_schema):
                    return ()
                arguments = {first.name: calls[-1].value}
            outcome = self._runner.run(tool.source, tool.signature.function, arguments)
            if not outcome.ok:
                return ()
            calls.append(Call(skill=name, arguments=arguments, value=outcome.value))
        return tuple(calls)

    def _chains(self, first: str, second: str) -> bool:
        one, other = self.tools[first].signature, self.tools[second].signature
        if not _takes_one(other):
            return False
        return _same_type(one.returns, other.parameters[0].json_schema)


def in_words(phrases: Sequence[str], values: Sequence[JsonValue]) -> str:
    """The request of a program.

    >>> in_words(["reverse the text", "count the vowels in"], ["red apple"])
    "Reverse the text 'red apple', then count the vowels in the result."
    """
    first = f"{phrases[0]} {' and '.join(_shown(value) for value in values)}"
    later = [f"then {phrase} the result" for phrase in phrases[1:]]
    told = ", ".join([first, *later])
    return f"{told[:1].upper()}{told[1:]}."


def texts_of(paths: Sequence[Path], most: int = 400) -> list[str]:
    """Sentences and lines of documents that can stand in a request.

    Raises:
        UserError: a document cannot be read.
    """
    found: list[str] = []
    for path in paths:
        files = sorted(path.rglob("*.*")) if path.is_dir() else [path]
        for file in files:
            if file.suffix.lower() not in (".txt", ".md", ".csv", ".rst"):
                if file == path:
                    raise UserError(f"{file}: practise reads .txt, .md, .rst and .csv")
                continue
            found += _sentences(read_text(file, file=file))
    return list(dict.fromkeys(found))[:most]


def _sentences(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for part in re.split(r"(?<=[.!?])\s+", line.strip("#*-> \t")):
            if 3 <= len(part) <= LONGEST and _WORDS.fullmatch(part) and _PLAIN.fullmatch(part):
                yield part


def _usable(library: Library) -> dict[str, Tool]:
    """Tools with a request of their own, cases, and one or two required parameters; no composites."""
    found = {}
    for skill in library.list(kinds={"tool"}, states=IN_USE):
        signature = skill.signature
        if signature is None or not skill.requests or not skill.cases or CHAIN in skill.metadata:
            continue
        if 1 <= sum(p.required for p in signature.parameters) <= 2:
            found[skill.name] = Tool(skill=skill, source=tool_source(skill))
    return found


def _takes_one(signature: Signature) -> bool:
    first, *rest = signature.parameters
    return first.required and not any(p.required for p in rest)


def _same_type(gives: Mapping[str, JsonValue], takes: Mapping[str, JsonValue]) -> bool:
    if "enum" in takes or gives.get("type") == "boolean":
        return False
    kinds = {"integer": "number"}
    one, other = gives.get("type"), takes.get("type")
    if one == "array" and other == "array":
        return gives.get("items") == takes.get("items")
    return one is not None and kinds.get(str(one), one) == kinds.get(str(other), other)


def _worth_asking(calls: Sequence[Call]) -> bool:
    """Values that read well in a sentence, and an answer that is not what went in."""
    given = list(calls[0].arguments.values())
    if not all(_reads_well(value) for value in given):
        return False
    answer = calls[-1].value
    return _short(answer) and answer not in ("", [], None) and answer not in given


def _reads_well(value: JsonValue) -> bool:
    if isinstance(value, str):
        return bool(value.strip()) and len(value) <= LONGEST and bool(_PLAIN.fullmatch(value))
    if isinstance(value, list):
        return 0 < len(value) <= 8 and all(
            isinstance(one, str | int | float) and _reads_well(one) for one in value
        )
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: JsonValue) -> bool:
    return len(json.dumps(value, ensure_ascii=False)) <= 2 * LONGEST


def _shown(value: JsonValue) -> str:
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)

"""The evals of a skill as text: ``cases.jsonl`` and ``requests.txt``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from pydantic import JsonValue

from skillweave.skills.errors import SkillFormatError
from skillweave.skills.model import Case

CASES: Final = "evals/cases.jsonl"
REQUESTS: Final = "evals/requests.txt"
_KEYS: Final = frozenset({"arguments", "input", "expected", "raises"})
_SHAPE: Final = 'write {"arguments": {...}, "expected": ...} or {"input": "...", "expected": "..."}'


def parse_cases(text: str, file: Path) -> tuple[Case, ...]:
    """One case a line; blank lines are skipped, anything else is refused with its line."""
    lines = text.removeprefix("\ufeff").split("\n")
    return tuple(
        _case(line, file, number) for number, line in enumerate(lines, start=1) if line.strip()
    )


def format_cases(cases: Sequence[Case]) -> str:
    """The text that ``parse_cases`` reads back to the same cases."""
    return "".join(
        json.dumps(_entry(case), ensure_ascii=False, allow_nan=False) + "\n" for case in cases
    )


def parse_requests(text: str) -> tuple[str, ...]:
    """The example requests, one a line."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").split("\n"))
    return tuple(dict.fromkeys(line for line in lines if line))


def format_requests(requests: Sequence[str]) -> str:
    """The text that ``parse_requests`` reads back."""
    return "".join(f"{request}\n" for request in requests)


def _entry(case: Case) -> dict[str, JsonValue]:
    entry: dict[str, JsonValue] = {}
    if case.input is None:
        entry["arguments"] = dict(case.arguments)
    else:
        entry["input"] = case.input
    if case.raises is None:
        entry["expected"] = case.expected
    else:
        entry["raises"] = case.raises
    return entry


def _case(line: str, file: Path, number: int) -> Case:
    try:
        entry = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", None) or str(error)
        raise SkillFormatError(
            file, f"not valid JSON ({reason})", line=number, remedy=_SHAPE
        ) from error
    reason = _fault(entry)
    if reason:
        raise SkillFormatError(file, reason, line=number, remedy=_SHAPE)
    return Case(
        arguments=entry.get("arguments", {}),
        input=entry.get("input"),
        expected=entry.get("expected"),
        raises=entry.get("raises"),
    )


def _fault(entry: object) -> str:
    """Why the entry is no case; empty when it is one."""
    if not isinstance(entry, dict):
        return "a case is not an object"
    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        return f"unknown key {unknown[0]!r} in a case"
    if ("arguments" in entry) == ("input" in entry):
        return "a case needs 'arguments' or 'input', and not both"
    if ("expected" in entry) == ("raises" in entry):
        return "a case needs 'expected' or 'raises', and not both"
    if not isinstance(entry.get("arguments", {}), dict):
        return "'arguments' is not an object"
    if not isinstance(entry.get("input", ""), str):
        return "'input' is not a string"
    if not isinstance(entry.get("raises", ""), str):
        return "'raises' is not the name of an exception"
    return ""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")

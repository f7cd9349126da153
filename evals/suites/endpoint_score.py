"""Whether words say the right answer: the forms that GSM8K and BIG-Bench Hard ask for. Pure functions."""

from __future__ import annotations

import json
import math
import re

from pydantic import Field, JsonValue

from skillweave.agent.result import Result
from skillweave.skills.model import Frozen

_NUMBER = re.compile(r"-?\$?\d[\d,]*(?:\.\d+)?")
_OPTION = re.compile(r"\(([A-Z])\)")
_OPTIONS = re.compile(r"^\(([A-Z])\) (.+)$", re.MULTILINE)


class Target(Frozen):
    """What is right."""

    text: str
    labels: tuple[str, ...] = ()
    """The answers that the task chooses from; none when it is open."""
    options: dict[str, str] = Field(default_factory=dict)
    """The texts of lettered options."""
    exact: bool = True
    """In an open answer blanks count as one, not as none."""


def options_of(request: str) -> dict[str, str]:
    """The lettered options of a request.

    >>> options_of("Which?\\nOptions:\\n(A) red\\n(B) blue")
    {'A': 'red', 'B': 'blue'}
    """
    return {letter: text.strip() for letter, text in _OPTIONS.findall(request)}


def said(result: Result) -> str:
    """The answer of a run as text."""
    if result.outcome == "answered":
        return result.answer
    return _text(result.value) if result.outcome == "solved" else ""


def is_right(words: str, target: Target) -> bool:
    """Whether the last answer that stands in the words is the right one.

    >>> is_right("18 - 5 is 13, so $1,013.00", Target(text="1013"))
    True
    >>> is_right("It is not (A) but (B).", Target(text="(B)", options={"A": "red", "B": "blue"}))
    True
    >>> is_right("No. Yes it is not: no", Target(text="Yes", labels=("Yes", "No")))
    False
    """
    wanted = target.text.strip()
    if _OPTION.fullmatch(wanted):
        return _chosen(words, target.options) == wanted[1]
    if _NUMBER.fullmatch(wanted):
        numbers = _NUMBER.findall(words)
        return bool(numbers) and math.isclose(_value(numbers[-1]), _value(wanted), abs_tol=1e-6)
    if target.labels:
        pattern = "|".join(rf"\b{re.escape(label)}\b" for label in target.labels)
        found = re.findall(pattern, words, re.IGNORECASE)
        return bool(found) and found[-1].lower() == wanted.lower()
    between = " " if target.exact else ""
    lines = [line for line in words.strip().splitlines() if line.strip()] or [""]
    told = {between.join(one.strip(" .").lower().split()) for one in (words, lines[-1])}
    return between.join(wanted.lower().split()) in told


def _chosen(words: str, options: dict[str, str]) -> str:
    """The letter of the option that the words name last, by its letter or by its text."""
    letters = _OPTION.findall(words)
    if letters:
        return str(letters[-1])
    plain = words.strip().strip(".").strip()
    if len(plain) == 1:
        return plain.upper()
    return next((k for k, text in options.items() if text.lower() == plain.lower()), "")


def _value(number: str) -> float:
    return float(number.replace(",", "").replace("$", ""))


def _text(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, list):
        return " ".join(map(_text, value))
    return json.dumps(value, ensure_ascii=False)

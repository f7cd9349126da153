"""Lists and quotes as people write them: ``a, b and c``."""

from __future__ import annotations

import re

from skillweave.agent.numbers import parse_number

QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»"}
_LAST_AND = re.compile(r",?\s+(?:and|&)\s+")


def unquote(text: str) -> str:
    """The text without one pair of quotes around all of it."""
    stripped = text.strip()
    if len(stripped) >= 2 and QUOTES.get(stripped[0]) == stripped[-1]:
        inner = stripped[1:-1]
        if stripped[0] not in inner and stripped[-1] not in inner:
            return inner
    return text


def split_list(text: str) -> list[str]:
    """The items of a list in words: ``a, b and c``, ``a; b``, or one a line."""
    text = text.strip().rstrip(".;")
    if "\n" in text:
        return [line.strip().removeprefix("- ") for line in text.splitlines() if line.strip()]
    separator = ";" if ";" in text else ", " if ", " in text else ","
    head, *tail = _split_last_and(text)
    if tail and separator == "," and parse_number(head) is not None:
        return [head, *tail]  # "1,200 and 3": the comma belongs to the number
    parts = [part for part in _split_outside_quotes(head, separator) if part]
    return [*parts, *tail]


def _split_last_and(text: str) -> list[str]:
    matches = [m for m in _LAST_AND.finditer(text) if _outside_quotes(text, m.start())]
    if not matches:
        return [text]
    if len(matches) > 1 and "," not in text and ";" not in text:
        return [part.strip() for part in _LAST_AND.split(text)]
    last = matches[-1]
    return [text[: last.start()].strip(), text[last.end() :].strip()]


def _outside_quotes(text: str, position: int) -> bool:
    return text[:position].count('"') % 2 == 0


def _split_outside_quotes(text: str, separator: str) -> list[str]:
    parts, begin = [], 0
    for match in re.finditer(re.escape(separator), text):
        if _outside_quotes(text, match.start()):
            parts.append(text[begin : match.start()].strip())
            begin = match.end()
    return [*parts, text[begin:].strip().rstrip(",")]

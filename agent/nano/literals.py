"""Finds the values in a request that need no understanding: quoted texts, numbers, lists, tables, dates.

The planner reads `` Reverse<<A text>> and add<<B number>> to its length`` in place of the values, and
names them by letter. So a value of any length is passed on to the last character, and what the model
has to learn is language alone. Values in bare words (``the capital of Peru``) stay as they are; the
model copies those itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from skillweave.agent.nano.tokenizer import CLOSE, OPEN

Kind = Literal["text", "number", "list", "table", "json", "date", "time", "link"]

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_MONTH: Final = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DATE: Final = (
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}\.\d{1,2}\.\d{4}"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?"
)
_SPAN: Final = r"\d+(?:\.\d+)? ?(?:hours?|hrs?|h|minutes?|mins?|seconds?|secs?|days?|weeks?)"
_TIME: Final = (
    r"\d{1,2}:\d\d(?::\d\d)?(?: ?[ap]\.?m\b)?|\d{1,2} ?[ap]m\b|\d+h\d\d"
    rf"|{_SPAN}(?:(?:,? and|,)? {_SPAN})+"
)
_NUMBER: Final = (
    r"[-+]?(?:0[xbo][0-9a-fA-F]+|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+/\d+|\d+(?:\.\d+)?(?:e[-+]?\d+)?)"
)
_LINK: Final = r"https?://[^\s'\"<>]*[^\s'\"<>.,;!?)]|[\w.+-]+@[\w-]+(?:\.[\w-]+)*"
_BYTE: Final = r"[0-9a-fA-F]{2}"
_CODE: Final = (
    r"(?=[0-9a-f]*\d[0-9a-f]*)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}|[A-Za-z0-9+/]{4,}={1,2}(?![=\w])"
    # Bytes in hexadecimal: at least three, one of which shows that they are no decimal numbers.
    rf"|(?=(?:{_BYTE} )*(?:\d[a-fA-F]|[a-fA-F]\d)\b){_BYTE}(?: {_BYTE}){{2,}}(?!\w)"
    # Percent-encoding, and Morse code of at least two letters.
    r"|[\w.+~-]*%[0-9A-F]{2}(?:[\w.+~%-]*[\w%])?(?!\w)"
    r"|(?=[./ -]*(?:\.-|-\.|---))[.-]{1,5}(?: (?:[.-]{1,5}|/))+(?![\w.-])"
)
_QUOTED: Final = (
    r"\"[^\"]*\"|“[^”]*”|«[^»]*»|‘[^’]*’|```.*?```|`[^`]*`"
    r"|(?<!\w)'[^'\n]{0,3}'(?!\w)|(?<!\w)'(?=\S)(?:[^']|'(?=\w))+'(?!\w)"
)
# A number ends where a word does, or before a unit or the letters of an ordinal: 5km, 3rd; not: 12-hour.
_AFTER: Final = (
    r"(?=(?:st|nd|rd|th|km|m|cm|mm|kg|g|mg|lbs?|oz|ft|in|mi|mph|l|ml|h|s|min|ms|[CFKx]|[KMGT]?B)\b"
    r"|[^\w]|$)(?!\.\d|-[A-Za-z])"
)
_NOT_A_CLOCK: Final = r"(?!(?:12|24)[- ]?h(?:ou)?r?s?[- ](?:format|clock|time|notation|style)\b)"
_NOT_A_MARK: Final = r"(?!(?<=\n)\d{1,2}[.)]\s|(?<=\n\()\d{1,2}\)\s)"
_BEFORE: Final = r"(?<![\w.#/])(?<![A-Za-z]-)(?<![Ss]tep )(?<![Ss]teps )"


def _list_of(item: str) -> str:
    """At least three items with commas or semicolons between them."""
    return rf"(?:{item})(?:[,;] ?(?:{item}))+,? (?:and|&|or) (?:{item})|(?:{item})(?:[,;] ?(?:{item})){{2,}}"


_ONE: Final = rf"(?:{_NUMBER})(?![\w])"
_PARTS: Final[tuple[tuple[Kind, str], ...]] = (
    ("link", _LINK),
    ("list", _list_of(_QUOTED)),
    ("text", _QUOTED),
    ("list", _BEFORE + rf"(?:{_list_of(_DATE)})"),
    ("date", _BEFORE + rf"(?:{_DATE})(?!\w)"),
    ("text", rf"(?<![^\s(:])(?:{_CODE})"),
    ("time", _BEFORE + rf"(?:{_TIME})(?!\w)"),
    ("list", _BEFORE + rf"(?:{_list_of(_ONE)}|{_ONE}(?: {_ONE}){{2,}})"),
    ("number", _NOT_A_MARK + _NOT_A_CLOCK + _BEFORE + rf"(?:{_NUMBER}){_AFTER}"),
)
_SCAN: Final = re.compile(
    "|".join(f"(?P<{kind}{i}>{part})" for i, (kind, part) in enumerate(_PARTS)), re.DOTALL
)
_LINES_IN_QUOTES: Final = re.compile(r"(?:" + _QUOTED + r")", re.DOTALL)
_QUOTES: Final = {"'": "'", '"': '"', "“": "”", "‘": "’", "`": "`"}
_BRACKETS: Final = re.compile(r"\[[^\[\]]*\]|\{[^{}]*\}")
_MARK: Final = re.compile(r"\s*(?:\d{1,2}[.)]|\(\d{1,2}\)|[-*•]|[Ss]tep \d+:?)\s")
MARKED: Final = re.compile(rf"{OPEN}([A-Z]) \w+{CLOSE}")
"""A value in a masked request."""
_BLOCK: Final = re.compile(r":[ \t]*\n+((?:[^\n]*\S[^\n]*(?:\n|$))+\s*)\Z")


class Value(NamedTuple):
    """One value as it stands in the request."""

    text: str
    kind: Kind


class Masked(NamedTuple):
    """A request as the planner reads it."""

    text: str
    values: dict[str, Value]
    """By letter; a value that stands twice has one letter."""

    def letter(self, text: str) -> str | None:
        """The letter of the value with exactly these characters."""
        return next((x for x, v in self.values.items() if v.text == text), None)


def mask(request: str, *, start: int = 0) -> Masked:
    """Put letters in the place of values.

    Args:
        start: number of the first letter to use (training starts anywhere).

    >>> mask("Reverse 'abc' and add 3 to its length.")[0]
    'Reverse<<A text>> and add<<B number>> to its length.'
    """
    parts: list[str] = []
    values: dict[str, Value] = {}
    letters = iter(LETTERS[start:])
    given: dict[str, str] = {}
    end = 0
    for at, until, kind in found(request):
        text = request[at:until]
        if text not in given:
            letter = next(letters, None)
            if letter is None:
                break
            given[text], values[letter] = letter, Value(text, kind)
        before = plain(request[end:at]).removesuffix(" ")
        parts += [before, f"{OPEN}{given[text]} {values[given[text]].kind}{CLOSE}"]
        end = until
    return Masked("".join([*parts, plain(request[end:])]), values)


def plain(words: str) -> str:
    """Words without what would be taken for the language's own signs."""
    return words.replace(OPEN, "‹").replace(CLOSE, "›")


def kind_of(text: str) -> Kind:
    """What a single value is.

    >>> kind_of("3, 4 and 5"), kind_of("2024-05-01"), kind_of("some words")
    ('list', 'date', 'text')
    """
    first = next(found(text), None)
    return first[2] if first and first[:2] == (0, len(text)) else "text"


def found(request: str) -> Iterator[tuple[int, int, Kind]]:
    """Start, end and kind of every value, from left to right."""
    quoted = [m.span() for m in _LINES_IN_QUOTES.finditer(request)]
    blocks = [t for t in _tables(request) if not any(a < t[1] and t[0] < b for a, b in quoted)]
    if not blocks and not quoted and (block := _BLOCK.search(request)):
        lines = block.group(1).rstrip().split("\n")
        given = next(_scan(request, 0, block.start()), None)
        if given is None and not any(_MARK.match(line) for line in lines):
            blocks = [(block.start(1), block.start(1) + len(block.group(1).rstrip()), "text")]
    at = 0
    for start, end, kind in [*blocks, (len(request), len(request), None)]:
        yield from _scan(request, at, start)
        if kind is not None:
            yield start, end, kind
        at = end


def _scan(request: str, at: int, until: int) -> Iterator[tuple[int, int, Kind]]:
    while at < until:
        plain = _SCAN.search(request, at, until)
        bracket = _bracket(request, at, until)
        if bracket and (plain is None or bracket[0] <= plain.start()):
            yield bracket
            at = bracket[1]
        elif plain:
            kind = _PARTS[next(i for i in range(len(_PARTS)) if plain[f"{_PARTS[i][0]}{i}"])][0]
            yield plain.start(), plain.end(), kind
            at = plain.end()
        else:
            return


def _bracket(request: str, at: int, until: int) -> tuple[int, int, Kind] | None:
    """The next JSON value or bracketed list."""
    opening = re.compile(r"[\[{]").search(request, at, until)
    if opening is None:
        return None
    start = opening.start()
    kind: Kind = "list" if request[start] == "[" else "json"
    try:
        _, length = json.JSONDecoder().raw_decode(request[start:until])
    except ValueError:
        simple = _BRACKETS.match(request, start, until)
        return (start, simple.end(), kind) if simple else _bracket(request, start + 1, until)
    return start, start + length, kind


def _tables(request: str) -> Iterator[tuple[int, int, Kind]]:
    """Lines of the same number of cells; the head may follow other words on its line."""
    lines = request.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    index = 0
    while index < len(lines) - 1:
        for separator in ("|", "\t", ";", ","):
            last = _last_row(lines, index, separator)
            if last is None:
                continue
            head = _head(lines[index], separator, lines[index + 1].count(separator), index == 0)
            if head is not None and (last - index >= 2 or ", " not in lines[last]):
                yield starts[index] + head, starts[last] + len(lines[last].rstrip()), "table"
                index = last
                break
        index += 1


def _last_row(lines: list[str], head: int, separator: str) -> int | None:
    """The last line of the table whose head would end line ``head``."""
    cells = lines[head + 1].count(separator)
    spaced = separator != "," or ", " in lines[head + 1]
    last = head
    while last + 1 < len(lines) and cells and lines[last + 1].count(separator) == cells:
        row = lines[last + 1]
        if _MARK.match(row) or not _are_cells(row, separator):
            break
        if ", " in row and not spaced:
            break
        last += 1
    return last if last > head else None


def _head(line: str, separator: str, cells: int, first: bool) -> int | None:
    """Where in its line the head of a table starts."""
    if not first and line.count(separator) == cells and ": " not in line:
        return 0
    one = re.escape(separator)
    opening = rf"[^\s{one}'\"]+" if separator != "|" else r"\|?[^|\n:]*"
    found = re.search(rf"(?:^|(?<=\s)){opening}(?:{one}[^{one}'\"]*){{{cells}}}$", line)
    if found is None or line.endswith((".", "?", "!", ":")) or not _are_cells(found[0], separator):
        return None
    return found.start()


def _are_cells(row: str, separator: str) -> bool:
    """Whether the parts of a line are short enough for a table: a sentence may hold commas, too."""
    return all(len(cell.split()) <= 4 for cell in row.split(separator))


def unquoted(text: str) -> str:
    """A literal as a value: without the blank before it and the quotes around it.

    >>> unquoted(" 'abc def'")
    'abc def'
    """
    text = text.strip()
    if len(text) >= 2 and _QUOTES.get(text[0]) == text[-1]:
        return text[1:-1]
    return text

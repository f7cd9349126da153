"""Tables as people write them: with commas, semicolons, tabs or bars, the names of the columns first."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from pydantic import JsonValue

from skillweave.agent.nano.literals import kind_of
from skillweave.agent.numbers import parse_number
from skillweave.skills.model import Signature

TABLE: Final = "table"
"""The parameter of a tool that takes a table, as CSV."""
_SIGNS: Final = ",;\t|"
_RULE: Final = re.compile(r"[|\s:+-]+")
"""The line of a Markdown table below its head."""
_DECIMAL: Final = re.compile(r"\A(-?\d+),(\d+)\Z")


def is_table(value: JsonValue) -> bool:
    """Whether a value is a text that looks like a table."""
    return isinstance(value, str) and "\n" in value and _looks_like_one(value)


@lru_cache(maxsize=64)  # one step asks the same for every skill that may do it
def _looks_like_one(text: str) -> bool:
    return kind_of(text) == "table"


def takes_table(signature: Signature) -> bool:
    """Whether a tool is one for tables."""
    return any(parameter.name == TABLE for parameter in signature.parameters)


def rows_of(table: str) -> list[list[str]]:
    """The cells of each line, the names of the columns first."""
    lines = [line for line in table.strip().splitlines() if not _RULE.fullmatch(line)]
    sign = max(_SIGNS, key=lines[0].count) if lines else ","
    bare = [line.strip().strip("|") if sign == "|" else line for line in lines]
    rows = csv.reader(bare, delimiter=sign, skipinitialspace=True)
    return [[cell.strip() for cell in row] for row in rows]


def columns_of_numbers(tables: Sequence[JsonValue]) -> list[str]:
    """The columns of all tables among the values that hold nothing but numbers."""
    return [
        name
        for table in tables
        if is_table(table)
        for name, *cells in zip(*rows_of(str(table)), strict=False)
        if cells and all(parse_number(cell) is not None for cell in cells)
    ]


def as_csv(text: str) -> str:
    """A table with commas; a text with commas in its first line is left alone.

    Where semicolons part the cells, a comma in a number is its decimal point.

    >>> as_csv("item;price\\npen;1,50")
    'item,price\\npen,1.50'
    >>> as_csv("| a | b |\\n|---|---|\\n| 1 | 2 |")
    'a,b\\n1,2'
    """
    first, _, rest = text.strip().partition("\n")
    if "," in first or not rest or not any(sign in first for sign in _SIGNS):
        return text
    written = io.StringIO()
    rows = rows_of(text)
    if ";" in first:
        rows = [[_DECIMAL.sub(r"\1.\2", cell) for cell in row] for row in rows]
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().rstrip("\n")

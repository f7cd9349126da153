"""EBNF for nano's small languages: what it writes can always be read.

A goal is made of pieces of the request, and a literal is a run of them: the grammar holds one rule
per piece, so that copying wrongly is impossible.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from skillweave.agent.nano.literals import MARKED
from skillweave.agent.nano.tokenizer import CLOSE, OPEN, PIECES

MAX_STEPS: Final = 8

_PIECES: Final = re.compile(PIECES)
_WORDS: Final = "[^<>#\\n]"


def quoted(text: str) -> str:
    """An EBNF string.

    >>> quoted('say "hi"')
    '"say \\\\"hi\\\\""'
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def _runs(text: str) -> list[list[str]]:
    """The pieces between lettered values."""
    return [_PIECES.findall(words) for words in MARKED.sub("\0", text).split("\0")]


def spans(text: str, *, rule: str = "span") -> list[str]:
    """Rules for every run of pieces of ``text`` that holds no lettered value, the longest included."""
    rules: list[str] = []
    for pieces in _runs(text):
        end = len(rules) + len(pieces)
        for at, piece in enumerate(pieces, start=len(rules)):
            rules.append(
                f"{rule}{at} ::= {quoted(piece)}" + (f" {rule}{at + 1}?" if at + 1 < end else "")
            )
    return [f"{rule} ::= " + " | ".join(f"{rule}{i}" for i in range(len(rules))), *rules]


def words(text: str) -> str:
    """Any piece of ``text`` that may stand in a goal.

    >>> words(" add<<A number>> to it, add")
    '" add" | " to" | " it" | ","'
    """
    pieces = dict.fromkeys(piece for run in _runs(text) for piece in run)
    plain = [p for p in pieces if p.strip() and not set(p) & set("<>#")]
    return " | ".join(map(quoted, plain)) or '" "'


def plan_grammar(
    request: str, first: int, known: Sequence[int], *, prefix: str = "", talk: bool = True
) -> str:
    """Plans of up to `MAX_STEPS` steps that start at ``first``, or direct words, or ``beyond``.

    Args:
        request: the masked text of the request (`skillweave.agent.nano.literals.mask`).
        known: ids of steps of the conversation that may be referred to.
        prefix: lines that the plan must start with (steps that are already done).
        talk: whether direct words and ``beyond`` are allowed as well.
    """
    ids = list(range(first, first + MAX_STEPS))
    letters = dict.fromkeys(MARKED.findall(request))
    copied = spans(request)
    rules = [
        f"root ::= {quoted(prefix)} step{first}" + (' | "beyond" | "say " reply' if talk else "")
    ]
    for position, step in enumerate(ids):
        references = [*known, *ids[:position]]
        slot = f"slot{step}"
        more = f' ("\\n" step{step + 1})?' if position + 1 < len(ids) else ""
        rules.append(f'step{step} ::= "#{step}" ({slot} | word)+{more}')
        named = [quoted(letter) for letter in letters] + [f'"#{r}"' for r in references]
        target = " | ".join(["span", *named] if len(copied) > 1 else named)
        rules.append(f"{slot} ::= {quoted(OPEN)} ({target}) {quoted(CLOSE)}")
    rules += [f"word ::= {words(request)}", f"reply ::= {_WORDS}+"]
    return "\n".join(rules + (copied if len(copied) > 1 else []))


def fill_grammar(
    source: str, parameters: Sequence[str], letters: str, ways: Sequence[Mapping[str, str]] = ()
) -> str:
    """Assignments ``name=A+B``, ``name=true`` or ``name=<< words of the source>>``.

    Args:
        ways: What the types allow: for each way, the letters of the parameters that get values.
            The other parameters may be set from the words. Without ways anything goes.
    """
    said = f'("true" | "false" | {quoted(OPEN)} span {quoted(CLOSE)})'
    if ways:
        lines = []
        for way in ways:
            parts = [
                quoted(f" {name}={way[name]}")
                if name in way
                else f"({quoted(f' {name}=')} {said})?"
                for name in parameters
            ]
            lines.append(" ".join(parts))
        return "\n".join(["root ::= " + " | ".join(lines), *spans(source)])
    names = " | ".join(quoted(name) for name in parameters)
    value = f'({said} | letter ("+" letter)*)' if letters else said
    rules = ["root ::= assignment+", f'assignment ::= " " ({names}) "=" {value}', *spans(source)]
    if letters:
        rules.append("letter ::= " + " | ".join(quoted(x) for x in letters))
    return "\n".join(rules)

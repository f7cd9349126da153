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
_BREAK: Final = re.compile(MARKED.pattern.replace("(", "(?:") + r"|[\n#<>]")
_BLANK: Final = re.compile(r'^\w+ ::= "\s+"')
_SHARED: Final = re.compile(r'^\w+ ::= " (of|in)"')
"""Where an end that several goals share begins."""
_WORDS: Final = "[^<>#\\n]"


def quoted(text: str) -> str:
    """An EBNF string.

    >>> quoted('say "hi"')
    '"say \\\\"hi\\\\""'
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def spans(text: str, *, rule: str = "span") -> list[str]:
    """Rules for every run of pieces of ``text`` on one line that holds no lettered value."""
    rules: list[str] = []
    for words in _BREAK.split(text):
        pieces = _PIECES.findall(words)
        end = len(rules) + len(pieces)
        for at, piece in enumerate(pieces, start=len(rules)):
            more = f" {rule}{at + 1}?" if at + 1 < end else ""
            rules.append(f"{rule}{at} ::= {_variants(piece)}{more}")
    starts = [made.split()[0] for made in rules if not _BLANK.search(made)]
    return [f"{rule} ::= " + " | ".join(starts), *rules] if starts else []


def _variants(piece: str) -> str:
    """A piece that may start a sentence or a line can stand within one as well."""
    forms = [piece, piece.lower()] if piece.strip().istitle() else [piece]
    if piece[0].isalnum():
        forms += [" " + form for form in forms]
    return " | ".join(map(quoted, forms)).join("()" if len(forms) > 1 else ("", ""))


def plan_grammar(
    request: str, first: int, known: Sequence[int], *, prefix: str = "", talk: bool = True
) -> str:
    """Plans of up to `MAX_STEPS` steps that start at ``first``, or direct words, or ``beyond``.

    The words of a goal stand together in the request, but for what a slot takes the place of and for an
    end that several goals share (``the sum and the mean of 3, 4 and 5``).

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
        goal = f"run ({slot} run?)* | ({slot} run?)+" if copied else f"{slot}+"
        rules.append(f'step{step} ::= "#{step}" ({goal}){more}')
        named = [quoted(letter) for letter in letters] + [f'"#{r}"' for r in references]
        target = " | ".join(["span", *named] if copied else named)
        rules.append(f"{slot} ::= {quoted(OPEN)} ({target}) {quoted(CLOSE)}")
    rules.append(f"reply ::= {_WORDS}+")
    shared = [made.split()[0] for made in copied if _SHARED.search(made)]
    run = "run ::= span" + (f" ({' | '.join(shared)})?" if shared else "")
    return "\n".join([*rules, *([run, *copied] if copied else [])])


def fill_grammar(
    source: str, parameters: Sequence[str], letters: str, ways: Sequence[Mapping[str, str]] = ()
) -> str:
    """Assignments ``name=A+B``, ``name=true`` or ``name=<< words of the source>>``.

    Args:
        ways: What the types allow: for each way, the letters of the parameters that get values.
            The other parameters may be set from the words. Without ways anything goes.
    """
    copied = spans(source)
    words = f" | {quoted(OPEN)} span {quoted(CLOSE)}" if copied else ""
    said = f'("true" | "false"{words})'
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
        return "\n".join(["root ::= " + " | ".join(lines), *copied])
    names = " | ".join(quoted(name) for name in parameters)
    value = f'({said} | letter ("+" letter)*)' if letters else said
    rules = ["root ::= assignment+", f'assignment ::= " " ({names}) "=" {value}', *copied]
    if letters:
        rules.append("letter ::= " + " | ".join(quoted(x) for x in letters))
    return "\n".join(rules)

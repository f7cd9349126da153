"""Plans as sequences of pointers into the request, and back.

Every word of a plan of nano stands in its question (`skillweave.agent.nano.corpus.requests`), so a plan
is a sequence of a few signs and of positions. A pointer network (https://arxiv.org/abs/1506.03134) with
signs of its own, as in https://arxiv.org/abs/2001.11458, writes nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tokenizers import Tokenizer

from skillweave.agent.nano.tokenizer import CLOSE, LAST_REFERENCE, OPEN

END, BEYOND, SAY, STEP, BEGIN_VALUE, END_VALUE = range(6)
REF: Final = 6
"""``REF + n`` refers to step ``n``."""
POINT: Final = REF + LAST_REFERENCE + 1
"""``POINT + n`` copies word ``n`` of the question."""

_BARE: Final = {BEYOND: "beyond", SAY: "say"}
"""Readings that are no plans; what to say is for nano to find."""
_MARK: Final = rf"{re.escape(OPEN)}[^<>]*{re.escape(CLOSE)}"
_WORD: Final = re.compile(rf"{_MARK}|#\d+|[^\W_]+(?:['’][^\W_]+)*|\S|\n")
_PLAN: Final = re.compile(rf"(?P<line>^#\d+)|{_MARK}|[^\W_]+(?:['’][^\W_]+)*|[^\s]", re.MULTILINE)
_LETTER: Final = re.compile(rf"{re.escape(OPEN)}([A-Z]) \w+{re.escape(CLOSE)}")
_REFERENCE: Final = re.compile(rf"{re.escape(OPEN)}#(\d+){re.escape(CLOSE)}")


class Word(NamedTuple):
    """One word, sign or value of a question."""

    text: str
    start: int
    """Where it stands, in characters."""

    @property
    def letter(self) -> str:
        """The letter of a value, else empty."""
        found = _LETTER.fullmatch(self.text)
        return found.group(1) if found else ""

    @property
    def shown(self) -> str:
        """What the encoder reads: of a value only its kind."""
        if self.text.startswith(OPEN):
            return self.text[len(OPEN) : -len(CLOSE)].split()[-1]
        return "|" if self.text == "\n" else self.text


def words_of(question: str) -> list[Word]:
    """The words of a question.

    >>> [word.shown for word in words_of(" Reverse<<A text>>, please")]
    ['Reverse', 'text', ',', 'please']
    """
    return [Word(found.group(), found.start()) for found in _WORD.finditer(question)]


def open_tokenizer(folder: Path) -> Tokenizer:
    """The encoder's tokenizer, which neither pads nor cuts."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def pieces_of(tokenizer: Tokenizer, words: Sequence[Word]) -> tuple[list[int], list[int]]:
    """The pieces of a question, and where each word begins among them.

    A word without any piece stands where the one before does.
    """
    encoded = tokenizer.encode([word.shown for word in words], is_pretokenized=True)
    begins: dict[int, int] = {}
    for piece, word in enumerate(encoded.word_ids):
        if word is not None:
            begins.setdefault(word, piece)
    firsts: list[int] = []
    for at in range(len(words)):
        firsts.append(begins.get(at, firsts[-1] if firsts else 0))
    return encoded.ids, firsts


def pointers_of(plan: str, words: Sequence[Word]) -> list[int] | None:
    """A plan as signs and pointers, with `END`; None when it holds what the question does not.

    >>> words = words_of(" Reverse<<A text>>, then count its vowels")
    >>> plan = "#1 Reverse<<A>>\\n#2 count<<#1>> vowels"
    >>> [sign - POINT if sign >= POINT else -sign for sign in pointers_of(plan, words) or ()]
    [-3, 0, 1, -3, 4, -7, 6, 0]
    """
    if plan == "beyond":
        return [BEYOND, END]
    if plan.startswith("say "):
        return [SAY, END]
    finger = _Finger(words)
    out: list[int | None] = []
    for found in _PLAN.finditer(plan):
        text = found.group()
        inside = text[len(OPEN) : -len(CLOSE)]
        if found.group("line"):
            out.append(STEP)
        elif not text.startswith(OPEN):
            out.append(finger.at_word(text))
        elif reference := _REFERENCE.fullmatch(text):
            number = int(reference.group(1))
            out.append(REF + number if number <= LAST_REFERENCE else None)
        elif re.fullmatch("[A-Z]", inside):
            out.append(finger.at_letter(inside))
        else:
            copied = [finger.at_word(word.text) for word in words_of(inside)]
            out += [BEGIN_VALUE, *copied, END_VALUE]
    signs = [sign for sign in out if sign is not None]
    return [*signs, END] if len(signs) == len(out) else None


class _Finger:
    """Points at words of a question, one after the other."""

    def __init__(self, words: Sequence[Word]):
        self._words = words
        self._last = -1
        self._used: set[int] = set()

    def at_word(self, text: str) -> int | None:
        """The word right after the last one, else a fresh one further on, else the nearest."""
        fits = [n for n, word in enumerate(self._words) if word.text.lower() == text.lower()]
        return self._nearest(fits, self._used)

    def at_letter(self, letter: str) -> int | None:
        """The value of that letter; it may be used again and again."""
        return self._nearest([n for n, word in enumerate(self._words) if word.letter == letter], ())

    def _nearest(self, fits: Sequence[int], used: Collection[int]) -> int | None:
        if not fits:
            return None
        last = self._last
        chosen = min(fits, key=lambda n: (n != last + 1, n in used, n <= last, abs(n - last)))
        self._used.add(chosen)
        self._last = chosen
        return POINT + chosen


def plan_of(signs: Sequence[int], words: Sequence[Word], question: str, first: int) -> str:
    """The plan that signs and pointers mean, as nano would write it.

    Args:
        first: number of the first step.
    """
    if signs and signs[0] in _BARE:
        return _BARE[signs[0]]
    lines: list[str] = []
    line = ""
    inside = False
    for sign in signs:
        if sign == END:
            break
        if sign == STEP:
            if line:
                lines.append(line)
            line = f"#{first + len(lines)}"
        elif sign == BEGIN_VALUE:
            line, inside = line + OPEN, True
        elif sign == END_VALUE:
            line, inside = line + CLOSE, False
        elif sign < POINT:
            line += f"{OPEN}#{sign - REF}{CLOSE}"
        else:
            at = sign - POINT
            word = words[at]
            spaced = (
                not word.start
                or question[word.start - 1].isspace()
                or (line.startswith("#") and line[1:].isdigit())
            )
            if word.letter:
                line += f"{OPEN}{word.letter}{CLOSE}"
            else:
                line += (" " if spaced or (inside and line.endswith(OPEN)) else "") + word.text
    return "\n".join([*lines, line] if line else lines)

"""How well a plan of nano covers its request: what is left out, and what is said twice.

A plan is cut out of its request, so every value and every word that tells what to do stands in it once.
Words that only tie a request together (``then``, ``please``, ``the result``) may be left out. A story
around the task counts as left out too: that asks for more samples, and costs all plans of a request alike.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Final

from skillweave.agent.nano.corpus import discourse
from skillweave.agent.nano.literals import MARKED
from skillweave.agent.nano.tokenizer import CLOSE, OPEN

REPEATED: Final = 3.0
VALUE_LEFT_OUT: Final = 3.0
WORD_LEFT_OUT: Final = 1.0
"""In nats: how much likelier a plan must be to make up for the fault."""

_SLOT: Final = re.compile(re.escape(OPEN) + "(.*?)" + re.escape(CLOSE), re.DOTALL)
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_STEP: Final = re.compile(r"^#\d+")
_MORE_GLUE: Final = (
    "a an also at by do each first for from in is it its of on second so step the their them these they "
    "third this to with you your"
)


@cache
def glue() -> frozenset[str]:
    """Words that tie requests together, as the corpus uses them."""
    said: list[str] = [*discourse.LEFT, *discourse.WITHIN, *discourse.INTRO, *discourse.HERE]
    for wordings in vars(discourse).values():
        if isinstance(wordings, discourse.Wordings) and wordings not in (
            discourse.COMBINE,
            discourse.COMBINE_TWO,
        ):
            said += [*wordings.train, *wordings.rarer]
    for by_kind in (discourse.IT, discourse.AGAIN, discourse.TYPE_NOUN):
        for phrases in by_kind.values():
            said += phrases
    return frozenset(_words(" ".join([*said, *discourse.BOTH, *discourse.ORDINALS, _MORE_GLUE])))


def faults(plan: str, request: str) -> float:
    """What speaks against a plan, in nats; 0 when nothing does, or when there are no steps.

    Args:
        plan: the lines that nano wrote.
        request: the masked request that it read.

    >>> faults("#1 reverse<<A>>\\n#2 count<<#1>> vowels", " reverse<<A text>>, then count its vowels")
    0.0
    >>> faults("#1 reverse<<A>>\\n#2 reverse<<#1>>", " reverse<<A text>>, then count its vowels")
    4.0
    """
    lines = [line for line in plan.split("\n") if _STEP.match(line)]
    if not lines:
        return 0.0
    letters = set(MARKED.findall(request)) - {
        slot for line in lines for slot in _SLOT.findall(line)
    }
    there = Counter(_words(MARKED.sub(" ", request)))
    used: Counter[str] = Counter()
    for line in lines:
        goal = _STEP.sub("", line)
        used.update(_words(_SLOT.sub(lambda slot: " " + _bare(slot.group(1)), goal)))
    left_out = sum((there - used)[word] for word in there if word not in glue() and not used[word])
    starts = Counter(_start(line) for line in lines)
    text = " ".join(_words(MARKED.sub(" \0 ", request)))
    repeated = sum(
        times - max(1, text.count(start))
        for start, times in starts.items()
        if start and times > max(1, text.count(start))
    )
    return REPEATED * repeated + VALUE_LEFT_OUT * len(letters) + WORD_LEFT_OUT * left_out


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text) if not word.isdigit()]


def _bare(inside: str) -> str:
    return inside if inside.startswith(" ") else ""


def _start(line: str) -> str:
    """The words of a goal up to its first slot."""
    return " ".join(_words(_SLOT.split(_STEP.sub("", line))[0]))

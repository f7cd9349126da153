"""Which signs may follow: every sequence that the reader writes is a plan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skillweave.agent.nano.reader.pointers import (
    BEGIN_VALUE,
    BEYOND,
    END,
    END_VALUE,
    POINT,
    REF,
    SAY,
    STEP,
    Word,
)


def allowed(
    words: Sequence[Word], first: int, known: frozenset[int], signs: Sequence[int]
) -> NDArray[np.bool_]:
    """Which signs may come after ``signs``.

    Args:
        first: number of the first step.
        known: numbers of earlier steps that a plan may refer to.

    Returns:
        For each of the ``POINT + len(words)`` signs whether it may.
    """
    may = np.zeros(POINT + len(words), np.bool_)
    if not signs:
        may[[BEYOND, SAY, STEP]] = True
        return may
    last = signs[-1]
    if last in (BEYOND, SAY):
        may[END] = True
        return may
    if _inside_value(signs):
        # A value in bare words is one stretch of them.
        at = last - POINT + 1
        plain = [n for n in ([at] if last >= POINT else range(len(words))) if _is_plain(words, n)]
        may[[POINT + n for n in plain]] = True
        may[END_VALUE] = last >= POINT
        return may
    step = first + signs.count(STEP) - 1
    may[POINT:] = True
    may[_said_in_step(signs, words)] = False
    may[BEGIN_VALUE] = True
    may[[REF + n for n in (*known, *range(first, step)) if REF + n < POINT]] = True
    may[[STEP, END]] = last != STEP
    return may


def _inside_value(signs: Sequence[int]) -> bool:
    for sign in reversed(signs):
        if sign in (END_VALUE, STEP):
            return False
        if sign == BEGIN_VALUE:
            return True
    return False


def _said_in_step(signs: Sequence[int], words: Sequence[Word]) -> list[int]:
    """Pointers to words that stand in the last step already; a value may be used twice."""
    start = len(signs) - 1 - signs[::-1].index(STEP)
    return [sign for sign in signs[start:] if sign >= POINT and not words[sign - POINT].letter]


def _is_plain(words: Sequence[Word], n: int) -> bool:
    return n < len(words) and not words[n].letter

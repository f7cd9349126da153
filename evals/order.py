"""Which samples are tried, and in which order."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

from skillweave.evals.suite import Sample


def chosen(samples: Sequence[Sample], limit: int | None) -> tuple[Sample, ...]:
    """At most ``limit`` samples, evenly from all families; which, their ids alone decide."""
    if limit is None or limit >= len(samples):
        return tuple(samples)
    places: dict[str, int] = {}
    ranked: list[tuple[int, str, str]] = []
    for sample in sorted(samples, key=lambda one: _hash(one.id)):
        places[sample.family] = places.get(sample.family, -1) + 1
        ranked.append((places[sample.family], _hash(sample.id), sample.id))
    picked = {name for _, _, name in sorted(ranked)[:limit]}
    return tuple(sample for sample in samples if sample.id in picked)


def in_order(samples: Sequence[Sample], seed: int) -> list[Sample]:
    """The order of a seed; it matters where an arm learns on the way."""
    return random.Random(seed).sample(list(samples), len(samples))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

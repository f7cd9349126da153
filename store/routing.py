"""How the re-ranker's router reads a request: by MiniLM, and by MiniLM with a LoRA change of its own.

The change was trained on the example requests of the built-in skills (`skillweave.store.routing_train`),
so that requests for one skill lie together, whatever their words. MiniLM as it comes knows the topic
better than the wish, which is the better guide among skills unlike the built-in ones.
"""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np

from skillweave.skills.errors import LibraryDamagedError
from skillweave.store.embed import EmbeddingCache, MiniLMEmbedder, Vectors, model_folder
from skillweave.store.minilm import MiniLM

FILE: Final = Path(__file__).with_name("routing.npz")
SEEN: Final = "seen"


class RoutingEmbedder:
    """An `Embedder`, loaded at the first text."""

    def __init__(self, file: Path = FILE) -> None:
        self._file = file
        self._lock = threading.Lock()

    @cached_property
    def name(self) -> str:
        """Tells models apart by what is in the file."""
        try:
            return f"{MiniLMEmbedder.name}-routing-{crc32(self._file.read_bytes()):08x}"
        except OSError as error:
            raise _damaged(self._file, error) from error

    @cached_property
    def _tensors(self) -> dict[str, Vectors]:
        try:
            with np.load(self._file) as file:
                return {name: file[name] for name in file.files}
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise _damaged(self._file, error) from error

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, ``[n, 384]``.

        Raises:
            SettingsError: MiniLM is not installed.
            LibraryDamagedError: a file with weights is damaged.
        """
        with self._lock:
            return self._model.encode(texts)

    def query(self, text: str) -> Vectors:
        """See `Embedder.query`; raises what `embed` raises."""
        with self._lock:
            return self._model.query(text)

    @cached_property
    def _model(self) -> MiniLM:
        lora = {k: v.astype(np.float32) for k, v in self._tensors.items() if k != SEEN}
        return MiniLM(model_folder(), lora)

    def was_trained_on(self, text: str) -> bool:
        """Whether this very request was among the examples: how it is read then says nothing of others."""
        return mark_of(text) in self._seen

    @cached_property
    def _seen(self) -> frozenset[int]:
        return frozenset(self._tensors[SEEN].tolist())


class Readings:
    """The vectors of several embedders, side by side."""

    def __init__(self, *caches: EmbeddingCache) -> None:
        self._caches = caches

    @property
    def name(self) -> str:
        """Tells by what the vectors were made."""
        return " ".join(cache.name for cache in self._caches)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """``[n, 384 * embedders]``, each part of length 1."""
        return np.hstack([cache.embed(texts) for cache in self._caches])

    def query(self, text: str) -> Vectors:
        """The same of one passing text, ``[384 * embedders]``; see `Embedder.query`."""
        return np.concatenate([cache.query(text) for cache in self._caches])


def mark_of(text: str) -> int:
    """64 bits of a hash."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def _damaged(file: Path, error: Exception) -> LibraryDamagedError:
    return LibraryDamagedError(f"{file}: cannot read it: {error}; install skillweave again")

"""The derived part of a library: catalogue, vectors, embeddings. Damage here costs time, never data."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from skillweave.skills.errors import LibraryDamagedError
from skillweave.skills.model import KINDS
from skillweave.store.catalogue import Catalogue
from skillweave.store.embed import Embedder, EmbeddingCache
from skillweave.store.index import VectorIndex
from skillweave.store.layout import Layout, WriteLock
from skillweave.store.ledger import Ledger
from skillweave.store.prepared import prepared_vectors
from skillweave.store.ranking import Weights
from skillweave.store.search import Searcher
from skillweave.store.sync import Found, Synchroniser, SyncReport

T = TypeVar("T")
DAMAGE = (LibraryDamagedError, sqlite3.DatabaseError)

log = logging.getLogger("skillweave.store")


class Indexes:
    """Opens, refreshes and rebuilds the indexes of one library."""

    def __init__(
        self,
        layout: Layout,
        lock: WriteLock,
        ledger: Ledger,
        embedder: Embedder,
        weights: Weights,
        found: Callable[[], list[Found]],
    ):
        """``found`` lists the folders that the indexes are made from; to be called with the write lock
        held."""
        self._layout = layout
        self._lock = lock
        self._found = found
        self.cache = EmbeddingCache(embedder, layout.embeddings, prepared_vectors)
        self.catalogue = Catalogue(layout.catalogue)
        self.vectors = VectorIndex(layout.vectors)
        self.writer = Synchroniser(self.catalogue, self.cache, self.vectors, ledger)
        self._searcher = Searcher(self.catalogue, self.cache, self.vectors, ledger, weights)
        self._seen = self.catalogue.generation()
        self._compared = False
        self._loaded = False

    def apply(self, call: Callable[[Synchroniser], T]) -> T:
        """Run a change that may be repeated, over current indexes; on damage rebuild them once.

        Raises:
            LibraryDamagedError: the indexes cannot be written after a rebuild either.
        """
        with self._lock.exclusive():
            try:
                self._refresh()
                if self.catalogue.dirty():
                    self._repair()
                return call(self.writer)
            except DAMAGE as error:
                log.warning("the index is damaged and is made again (%s)", error)
                self.rebuild()
                return call(self.writer)
            finally:
                self._seen = self.catalogue.generation()

    def reading(self, call: Callable[[Searcher], T]) -> T:
        """Run a search over current indexes; on damage rebuild them once and run it again."""
        try:
            self._compare()
            if self._loaded and self.catalogue.generation() == self._seen:
                return call(self._searcher)
            return self._reading_anew(call)
        except DAMAGE:
            # A search may meet a writer between two steps: wait for it, then look with fresh eyes.
            try:
                return self._reading_anew(call)
            except DAMAGE as error:
                log.warning("the index is damaged and is made again (%s)", error)
                self.rebuild()
                return call(self._searcher)

    def rebuild(self) -> SyncReport:
        """Throw catalogue and vectors away and make them from the folders.

        Raises:
            LibraryDamagedError: they cannot be written either.
        """
        with self._lock.exclusive():
            self.cache.mend()
            self.catalogue.mend()
            with self.catalogue.changing():
                self.catalogue.clear()
                self.vectors.clear()
                report = self.writer.sync(self._found())
            self._seen = self.catalogue.generation()
            return report

    def _reading_anew(self, call: Callable[[Searcher], T]) -> T:
        """Run a search that makes the vector index read its files, while nobody writes them."""
        with self._lock.shared():
            self.vectors.refresh()
            self._seen = self.catalogue.generation()
            answer = call(self._searcher)
            self._loaded = True
            return answer

    def close(self) -> None:
        """Close all files."""
        self.vectors.close()
        self.catalogue.close()
        self.cache.close()

    def _refresh(self) -> None:
        """Let the vector index read its files again when another process has written."""
        generation = self.catalogue.generation()
        if generation != self._seen:
            self.vectors.refresh()
            self._seen = generation

    def _compare(self) -> None:
        """Once per opening: do catalogue and vector index hold the same number of views?"""
        if self._compared:
            return
        with self._lock.exclusive():
            self._refresh()
            wanted = self.catalogue.view_counts()
            if any(self.vectors.count(kind) != wanted.get(kind, 0) for kind in KINDS):
                self._repair()
        self._compared = True

    def _repair(self) -> None:
        repairs = self.writer.reconcile()
        if repairs:
            log.warning("the index missed %d entries after an interruption; mended", repairs)

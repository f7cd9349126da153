"""The derived part of a library: catalogue, vectors, embeddings. Damage here costs time, never data."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from typing import TypeVar
from zlib import crc32

from skillweave.skills.errors import LibraryDamagedError
from skillweave.skills.model import KINDS
from skillweave.store.catalogue import Catalogue
from skillweave.store.embed import Embedder, EmbeddingCache
from skillweave.store.folders import Found
from skillweave.store.index import VectorIndex
from skillweave.store.layout import Layout, WriteLock
from skillweave.store.ledger import Ledger
from skillweave.store.prepared import prepared_vectors
from skillweave.store.ranking import Weights
from skillweave.store.search import Searcher
from skillweave.store.sync import Synchroniser, SyncReport
from skillweave.store.views import VIEWS_FORMAT

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
        """Open what is there; the write lock is held. ``found`` lists the folders to index."""
        self._layout = layout
        self._lock = lock
        self._found = found
        self.cache = EmbeddingCache(embedder, layout.embeddings, prepared_vectors)
        self.catalogue = Catalogue(layout.catalogue)
        self.vectors = VectorIndex(layout.vectors)
        self.writer = Synchroniser(self.catalogue, self.cache, self.vectors, ledger)
        self._searcher = Searcher(self.catalogue, self.cache, self.vectors, ledger, weights)
        self._closed = False
        self._format = crc32(f"{embedder.name} {VIEWS_FORMAT}".encode())
        if self.catalogue.fact("format") != self._format:
            # Made by another embedder, or of other views: nothing in it can be compared.
            self.vectors.clear()
            self.catalogue.clear(self._format)
        self._seen = self.catalogue.generation()
        self._compared = False
        self._loaded = False

    def apply(self, call: Callable[[Synchroniser], T]) -> T:
        """Run a change that may be repeated, over current indexes; on damage rebuild them once.

        Raises:
            LibraryDamagedError: the indexes cannot be written after a rebuild either.
        """
        self._refuse_when_closed()
        with self._lock.exclusive():
            try:
                self._refresh()
                if self.catalogue.fact("dirty"):
                    self._repair()
                answer = call(self.writer)
                self.writer.follow()
                return answer
            except DAMAGE as error:
                log.warning("the index is damaged and is made again (%s)", error)
                self.rebuild()
                return call(self.writer)
            finally:
                self._seen = self.catalogue.generation()

    def reading(self, call: Callable[[Searcher], T]) -> T:
        """Run a search; on damage rebuild the indexes once and run it again.

        It sees what other processes wrote, unless one is writing just now: a search does not wait.
        """
        self._refuse_when_closed()
        try:
            self._compare()
            if not self._loaded:
                return self._reading_anew(call)
            if self.catalogue.generation() != self._seen:
                with self._lock.shared(wait=False) as quiet:
                    if quiet:
                        return self._reading_anew(call)
            return call(self._searcher)
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
            self._refuse_when_closed()
            self.cache.mend()
            self.catalogue.mend()
            with self.catalogue.changing():
                self.vectors.clear()
                self.catalogue.clear(self._format)
                report = self.writer.sync(self._found())
                self.writer.follow()
            self._seen = self.catalogue.generation()
            return report

    def _reading_anew(self, call: Callable[[Searcher], T]) -> T:
        """Run a search that makes the vector index read its files, while nobody writes them."""
        with self._lock.shared():
            self._refuse_when_closed()
            self.vectors.refresh()
            self._seen = self.catalogue.generation()
            answer = call(self._searcher)
            self._loaded = True
            return answer

    def close(self) -> None:
        """Close all files; a use after that is a ValueError."""
        self._closed = True
        self.vectors.close()
        self.catalogue.close()
        self.cache.close()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise ValueError("the library is closed")

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
            log.info("the index missed %d entries after an interruption; mended", repairs)

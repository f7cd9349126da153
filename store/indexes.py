"""The derived part of a library: catalogue, vectors, embeddings. Damage here costs time, never data."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar
from zlib import crc32

from skillweave.skills.errors import LibraryDamagedError
from skillweave.skills.model import KINDS, Skill
from skillweave.store.catalogue import Catalogue
from skillweave.store.database import failure, is_refused
from skillweave.store.diagnosis import Doubles
from skillweave.store.embed import Embedder, EmbeddingCache, MiniLMEmbedder
from skillweave.store.folders import Found
from skillweave.store.index import VectorIndex
from skillweave.store.layout import Layout, WriteLock
from skillweave.store.learned import load
from skillweave.store.ledger import Ledger
from skillweave.store.prepared import prepared_vectors
from skillweave.store.ranking import Weights
from skillweave.store.routing import Readings, RoutingEmbedder
from skillweave.store.search import Searcher
from skillweave.store.sync import Synchroniser, SyncReport
from skillweave.store.tuning import RankingReport, Solved, tune
from skillweave.store.versions import keep_found
from skillweave.store.views import VIEWS_FORMAT, views_of

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
        reranker: Path,
    ):
        """Open what is there; the write lock is held.

        Args:
            found: lists the folders to index.
            reranker: file of the re-ranker to use as long as the library has trained none.
        """
        self._layout = layout
        self._lock = lock
        self._found = found
        self.cache = EmbeddingCache(embedder, layout.embeddings, prepared_vectors)
        self.catalogue = Catalogue(layout.catalogue)
        self.vectors = VectorIndex(layout.vectors)
        self.writer = Synchroniser(
            self.catalogue, self.cache, self.vectors, ledger, partial(keep_found, layout)
        )
        reads = RoutingEmbedder() if embedder.name == MiniLMEmbedder.name else None
        self._was_trained_on = reads.was_trained_on if reads else _never
        self._routing = EmbeddingCache(reads or embedder, layout.embeddings)
        self._readings = Readings(self.cache, *([self._routing] if reads else []))
        self._searcher = Searcher(
            self.catalogue, self.cache, self._readings, self.vectors, ledger, weights
        )
        self._closed = False
        self._format = crc32(f"{embedder.name} {VIEWS_FORMAT}".encode())
        if self.catalogue.fact("format") != self._format:
            # Made by another embedder, or of other views: nothing in it can be compared.
            self.vectors.clear()
            self.catalogue.clear(self._format)
        self._learned_from = crc32(f"{self._readings.name} {VIEWS_FORMAT}".encode())
        self._untrained = load(reranker, self._learned_from)
        self._searcher.reranker = load(layout.reranker, self._learned_from) or self._untrained
        self._seen = self.catalogue.generation()
        self._compared = False
        self._loaded = False

    def prepare(self, skill: Skill) -> None:
        """Embed what will be indexed, without the lock: others need not wait for the model.

        Raises:
            UserError: the cache cannot be written.
        """
        with self._told():
            self.cache.embed([view.text for view in views_of(skill)])

    def tune(self, history: Sequence[Solved], weights: Weights) -> RankingReport:
        """Train the re-ranker on ``history``; it is used, and kept, only where it is better.

        Raises:
            LibraryDamagedError: an index cannot be read.
            UserError: the model cannot be written.
        """
        model, report = self.reading(
            lambda searcher: tune(searcher, self._readings, history, weights, self._was_trained_on)
        )
        self._searcher.reranker = model or self._untrained
        with self._told(), self._lock.exclusive():
            if model is None:
                self._layout.reranker.unlink(missing_ok=True)
            else:
                model.save(self._layout.reranker, self._learned_from)
        return report

    def doubles(self) -> Doubles:
        """What finds skills that are described alike."""
        return Doubles(self.catalogue, self.cache, self.vectors)

    def apply(self, call: Callable[[Synchroniser], T]) -> T:
        """Run a change that may be repeated, over current indexes; on damage rebuild them once.

        Raises:
            LibraryDamagedError: the indexes cannot be written after a rebuild either.
        """
        self._refuse_when_closed()
        with self._lock.exclusive(), self._told():
            try:
                self._refresh()
                if self.catalogue.fact("dirty"):
                    self._repair()
                answer = call(self.writer)
                self.writer.follow()
                return answer
            except DAMAGE as error:
                if is_refused(error):
                    raise
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
        self._layout.must_exist()
        with self._told():
            return self._reading(call)

    def _reading(self, call: Callable[[Searcher], T]) -> T:
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
                if is_refused(error):
                    raise
                log.warning("the index is damaged and is made again (%s)", error)
                self.rebuild()
                return call(self._searcher)

    def rebuild(self) -> SyncReport:
        """Throw catalogue and vectors away and make them from the folders.

        Raises:
            LibraryDamagedError: they cannot be written either.
        """
        with self._lock.exclusive(), self._told():
            self._refuse_when_closed()
            self.cache.mend()
            self._routing.mend()
            self.catalogue.mend()
            with self.catalogue.changing():
                self.vectors.clear()
                self.catalogue.clear(self._format)
                report = self.writer.sync(self._found())
                self.writer.follow()
            self._seen = self.catalogue.generation()
            return report

    def move(self, url: str | None) -> SyncReport:
        """Keep the vectors on a Chroma server from now on, or (None) in the library's folder.

        Raises:
            UserError: no such server answers.
            LibraryDamagedError: the indexes cannot be written.
        """
        with self._lock.exclusive():
            self.vectors.move(url)
            return self.rebuild()

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
        self._routing.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Nothing of SQLite's or Chroma's own gets out."""
        try:
            yield
        except (*DAMAGE, OSError) as error:
            raise failure(self._layout.records, "index", error) from error

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
        """Once per opening: was a writer killed, or do the numbers of views differ?"""
        if self._compared:
            return
        with self._lock.exclusive():
            self._refresh()
            wanted = self.catalogue.view_counts()
            dirty = self.catalogue.fact("dirty")
            if dirty or any(self.vectors.count(kind) != wanted.get(kind, 0) for kind in KINDS):
                self._repair()
        self._compared = True

    def _repair(self) -> None:
        repairs = self.writer.reconcile()
        if repairs:
            log.info("the index missed %d entries after an interruption; mended", repairs)


def _never(text: str) -> bool:
    return False

"""The vector index over Chroma: several views per skill, one collection per kind of skill.

Filtering by metadata makes a Chroma query many times slower, so the kind is the collection.
A Chroma folder that two processes have open does not show one the writes of the other; `refresh`
reads it anew. The owner of the index says when, and keeps writers apart. The collections lie in the
library's folder, or on the server that it names; see `server`.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skillweave.skills.errors import LibraryDamagedError, UserError
from skillweave.skills.model import KINDS, SkillKind
from skillweave.store.server import (
    START,
    Server,
    connect,
    disconnect,
    is_away,
    read_server,
    server_at,
    write_server,
)

log = logging.getLogger("skillweave.store")

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection as ChromaCollection

Vectors = NDArray[np.float32]

BATCH = 2000
GRAPH: CreateHNSWConfiguration = {
    "space": "cosine", "ef_search": 640, "max_neighbors": 48, "ef_construction": 600,
}  # fmt: skip
"""Skills that are near-copies of each other make clusters, which a sparser graph links badly: see
``recall10`` of ``skillweave eval retrieval --part scale``."""


class ViewHit(NamedTuple):
    """One view near the query."""

    id: str
    cosine: float


class VectorIndex:
    """Ids and unit vectors, by kind; safe to use from several threads."""

    def __init__(self, folder: Path):
        """Name the folder; it is opened, or created, at the first use."""
        self._folder = folder
        self._named = folder.with_name("server")
        self._server: Server | None = None
        self._lock = threading.RLock()
        self._client: ClientAPI | None = None
        self._collections: dict[SkillKind, ChromaCollection] = {}

    def put(self, kind: SkillKind, ids: Sequence[str], vectors: Vectors) -> None:
        """Add or replace vectors.

        Raises:
            LibraryDamagedError: Chroma cannot write; rebuilding the index may help.
        """
        for start in range(0, len(ids), BATCH):
            part = slice(start, start + BATCH)
            with self._using(kind) as collection:
                collection.upsert(ids=list(ids[part]), embeddings=vectors[part])

    def drop(self, kind: SkillKind, ids: Sequence[str]) -> None:
        """Remove vectors; unknown ids are ignored.

        Raises:
            LibraryDamagedError: Chroma cannot write.
        """
        for start in range(0, len(ids), BATCH):
            with self._using(kind) as collection:
                collection.delete(ids=list(ids[start : start + BATCH]))

    def search(self, vector: Vectors, kinds: Collection[SkillKind], limit: int) -> list[ViewHit]:
        """The ``limit`` nearest views of each of ``kinds``, nearest first.

        Raises:
            LibraryDamagedError: Chroma cannot read its files.
        """
        hits: list[ViewHit] = []
        for kind in kinds:
            with self._using(kind) as collection:
                answer = collection.query(
                    query_embeddings=vector[np.newaxis],
                    n_results=limit,
                    include=["distances"],
                )
            distances = answer["distances"] or [[]]
            hits += [
                ViewHit(id, 1.0 - distance)
                for id, distance in zip(answer["ids"][0], distances[0], strict=True)
            ]
        return sorted(hits, key=lambda hit: -hit.cosine)

    def ids(self, kind: SkillKind) -> set[str]:
        """All ids of a kind.

        Raises:
            LibraryDamagedError: Chroma cannot read its files.
        """
        with self._using(kind) as collection:
            return set(collection.get(include=[])["ids"])

    def all(self, kind: SkillKind) -> tuple[list[str], Vectors]:
        """All ids of a kind and their vectors ``[n, width]``, to compare exact search with.

        Raises:
            LibraryDamagedError: Chroma cannot read its files.
        """
        ids: list[str] = []
        parts: list[Vectors] = []
        while not ids or len(ids) % BATCH == 0:
            with self._using(kind) as collection:
                got = collection.get(include=["embeddings"], limit=BATCH, offset=len(ids))
            if not got["ids"]:
                break
            ids += got["ids"]
            parts.append(np.asarray(got["embeddings"], np.float32))
        return ids, np.concatenate(parts)

    def count(self, kind: SkillKind) -> int:
        """Number of vectors of a kind.

        Raises:
            LibraryDamagedError: Chroma cannot read its files.
        """
        with self._using(kind) as collection:
            return collection.count()

    def refresh(self) -> None:
        """Forget what is in memory; the next use reads the files, with other processes' writes."""
        with self._lock:
            if self._server is not None and read_server(self._named) == self._server:
                self._collections.clear()
            else:
                self.close()

    def clear(self) -> None:
        """Delete everything and start an empty index; works on a damaged folder too."""
        with self._lock:
            self._drop_collections()
            self.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def move(self, url: str | None) -> None:
        """Forget the vectors, and keep those to come on the server ``url``, or in the folder.

        Raises:
            UserError: no such server answers; all is as before then.
        """
        with self._lock:
            server = None if url is None else server_at(url)
            if server is not None:
                disconnect(connect(server))
            try:
                self.clear()
            except UserError as error:
                log.warning("%s; what it holds of this library stays there", error)
                self.close()
            write_server(self._named, server)

    def close(self) -> None:
        """Release the files; a later use opens them again."""
        with self._lock:
            self._collections.clear()
            if self._client is not None:
                client, self._client = self._client, None
                with _damage(self._folder, self._named):
                    disconnect(client)

    @contextmanager
    def _using(self, kind: SkillKind) -> Iterator[ChromaCollection]:
        """The collection of ``kind``, for this thread alone."""
        with self._lock, _damage(self._folder, self._named):
            yield self._collection(kind)

    def _collection(self, kind: SkillKind) -> ChromaCollection:
        if kind not in self._collections:
            client = self._open()
            self._collections[kind] = client.get_or_create_collection(
                self._name(kind),
                embedding_function=None,
                configuration={"hnsw": GRAPH},
            )
        return self._collections[kind]

    def _name(self, kind: SkillKind) -> str:
        return f"{self._server.prefix if self._server else 'skillweave'}-{kind}"

    def _drop_collections(self) -> None:
        """Delete this library's collections from the server, where it has one."""
        if read_server(self._named) is None:
            return
        with _damage(self._folder, self._named):
            client = self._open()
            names = {self._name(kind) for kind in KINDS}
            for collection in client.list_collections():
                if collection.name in names:
                    client.delete_collection(collection.name)

    def _open(self) -> ClientAPI:
        if self._client is None:
            self._server = read_server(self._named)
            if self._server is not None:
                self._client = connect(self._server)
                return self._client
            import chromadb
            from chromadb.config import Settings

            self._folder.mkdir(parents=True, exist_ok=True)
            self._client = chromadb.PersistentClient(
                _own_name(self._folder), settings=Settings(anonymized_telemetry=False)
            )
        return self._client


@contextmanager
def _damage(folder: Path, named: Path) -> Iterator[None]:
    """Whatever Chroma raises (its Rust core also panics) means that its files are damaged.

    All but a server that does not answer: nothing is lost then.
    """
    try:
        yield
    except (LibraryDamagedError, UserError):
        raise
    except Exception as error:
        if is_away(error):
            server = read_server(named)
            url = server.url if server else "the index server"
            raise UserError(f"{url} does not answer any more; {START}") from error
        raise LibraryDamagedError(f"{folder}: vector index: {error}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise LibraryDamagedError(f"{folder}: vector index: {error}") from error


def _own_name(folder: Path) -> str:
    """A spelling of the path that nobody else in this process uses.

    Chroma shares one state between all clients of the same spelling, so that closing one would not
    let go of it, and `VectorIndex.refresh` would refresh nothing.
    """
    bits = f"{secrets.randbits(48):048b}"
    return str(folder) + "".join("/." if bit == "1" else "//" for bit in bits)

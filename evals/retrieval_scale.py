"""What a library costs as it grows: time, disk, memory, and what its index finds."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeVar

import numpy as np

from skillweave.evals.machine import this_machine
from skillweave.evals.retrieval_data import hashes
from skillweave.evals.retrieval_embed import BulkMiniLM
from skillweave.evals.retrieval_figures import ScaleFigures, Size, Times
from skillweave.evals.retrieval_fillers import fillers, write_folders
from skillweave.evals.retrieval_shadowing import embed_all, pools
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.model import Skill
from skillweave.store.embed import Embedder, EmbeddingCache, MiniLMEmbedder, Vectors
from skillweave.store.index import VectorIndex
from skillweave.store.layout import Layout
from skillweave.store.library import Library

SIZES = (1000, 10_000, 100_000)
SEARCHES = 300
WARM = 20
NEAREST = 10
Progress = Callable[[str], None]
T = TypeVar("T")


class Job(NamedTuple):
    """What a process needs that measures one size."""

    folder: Path
    cache: Path
    """Keeps the embeddings; they are made before anything is timed."""
    size: int = 0
    root: Path | None = None
    """A library of that size, or more, that is there already."""
    rebuild: bool = True


def run_scale(
    job: Job,
    sizes: Sequence[int],
    *,
    command: str,
    tell: Progress,
    keep: Callable[[ScaleFigures], None] = lambda _: None,
    before: Sequence[Size] = (),
) -> ScaleFigures:
    """Measure each size in a process of its own, so that its memory is its own.

    ``keep`` gets the figures so far, ``before`` are sizes that were measured earlier.
    """
    machine = this_machine()
    measured = list(before)
    for size in sizes:
        here = job._replace(size=size)
        # The bulk embedder's imports must not count as memory of the library.
        _apart(prepare, here)
        measured.append(_apart(measure_size, here))
        one = measured[-1]
        tell(f"{size} skills: search {one.search.p50} ms, recall {one.recall10}")
        figures = ScaleFigures(
            command=command,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            machine=machine,
            data=hashes(job.folder),
            sizes=tuple(measured),
        )
        keep(figures)
    return figures


def prepare(job: Job) -> None:
    """Embed all that `measure_size` will want to know."""
    pool, real = pools(job.folder)
    with _known(BulkMiniLM("bfloat16"), job.cache) as known:
        if job.root is None:
            embed_all(fillers([*pool.skills, *real], job.size), known, lambda _: None)


def measure_size(job: Job, embedder: Embedder | None = None) -> Size:
    """Build, search, synchronise and rebuild a library of one size."""
    pool, real = pools(job.folder)
    chance = random.Random(0)
    queries = [query.text for query in chance.sample(pool.queries, WARM + SEARCHES)]
    many = embedder or BulkMiniLM("bfloat16")
    with _known(many, job.cache) as known, _library(job, known, [*pool.skills, *real]) as root:
        build, rebuild = None, None
        start = time.perf_counter()
        with Library(root, embedder=known, builtin=False) as library:
            library.search("anything")
            if job.root is None:
                build = round(time.perf_counter() - start, 2)
            unchanged, worked = _seconds(library.sync), _worked(library.sync)
            one = Skill(name="one-more-skill", description="says one more thing", kind="guide")
            add = _seconds(lambda: _add(library, one))
        start = time.perf_counter()
        mixed = _Mixed(embedder or MiniLMEmbedder(), known)
        with Library(root, embedder=mixed, builtin=False) as library:
            library.search("anything")
            opened = time.perf_counter() - start
            timed = _times(library, queries)
            # A query that was just asked is remembered, so that the embedding costs nothing.
            again = _times(library, queries[:WARM], repeats=SEARCHES // WARM)
            memory = _resident()
            skills = library.sync().skills
        layout = Layout(root)
        compared = index_recall(layout, known.embed(queries))
        disk, index = _megabytes(root), _megabytes(layout.vectors)
        if job.rebuild:
            with Library(root, embedder=known, builtin=False) as library:
                rebuild = round(library.rebuild().seconds, 2)
    return Size(
        skills=skills,
        views=compared.views,
        build=build,
        sync_unchanged=round(unchanged, 3),
        sync_cpu=round(worked, 3),
        add_one=round(add, 3),
        rebuild=rebuild,
        start=round(opened, 2),
        search=timed,
        search_known=again,
        recall10=compared.recall,
        disk_mb=disk,
        index_mb=index,
        memory_mb=round(memory, 1),
    )


def _apart(step: Callable[[Job], T], job: Job) -> T:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        return processes.submit(step, job).result()


class Compared(NamedTuple):
    """An index against exact search."""

    views: int
    recall: float


def index_recall(layout: Layout, queries: Vectors) -> Compared:
    """Compare the index with exact search over all that it holds."""
    index = VectorIndex(layout.vectors)
    try:
        ids, vectors = index.all("guide")
        found = 0
        for query in queries:
            best = np.argpartition(-(vectors @ query), NEAREST)[:NEAREST]
            hits = {hit.id for hit in index.search(query, ["guide"], NEAREST)}
            found += len(hits & {ids[at] for at in best})
    finally:
        index.close()
    return Compared(len(ids), round(found / (NEAREST * len(queries)), 4))


class _Mixed:
    """Known vectors of skills, the model itself for a query."""

    def __init__(self, model: Embedder, known: Embedder):
        self._model, self._known = model, known
        self.name = model.name

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        return self._known.embed(texts)

    def query(self, text: str) -> Vectors:
        """See `Embedder.query`."""
        return self._model.query(text)


@contextmanager
def _known(model: Embedder, cache: Path) -> Iterator[EmbeddingCache]:
    known = EmbeddingCache(model, cache)
    try:
        yield known
    finally:
        known.close()


@contextmanager
def _library(job: Job, known: Embedder, real: Sequence[Skill]) -> Iterator[Path]:
    """The folder of a library to measure: the one that is there, or one that has only folders yet."""
    if job.root is not None:
        yield job.root
        return
    skills = fillers(real, job.size)
    embed_all(skills, known, lambda _: None)
    with TemporaryDirectory() as temporary:
        root = Path(temporary) / "library"
        write_folders(skills, root / "skills")
        yield root


def _add(library: Library, skill: Skill) -> None:
    library.add(WrappedSkill(skill, {}, Path(skill.name)))
    library.search("say one more thing")


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _worked(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def _times(library: Library, queries: Sequence[str], repeats: int = 1) -> Times:
    for query in queries[:WARM]:
        library.search(query)
    gc.collect()
    taken, worked = [], []
    for query in list(queries if repeats > 1 else queries[WARM:]) * repeats:
        start, cpu = time.perf_counter(), time.process_time()
        library.search(query)
        worked.append(1000 * (time.process_time() - cpu))
        taken.append(1000 * (time.perf_counter() - start))
    return Times(
        p50=round(median(taken), 2),
        p95=round(quantiles(taken, n=20)[-1], 2),
        cpu50=round(median(worked), 2),
    )


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def _megabytes(folder: Path) -> float:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return round(sum(sizes) / 1e6, 1)

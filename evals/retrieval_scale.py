"""What a library costs as it grows, and whether old skills are still found among many others."""

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
from typing import NamedTuple

import numpy as np

from skillweave.evals.machine import Machine, this_machine
from skillweave.evals.retrieval import EVERYTHING, remember
from skillweave.evals.retrieval_data import Pool, Query, bfcl, hashes, metatool
from skillweave.evals.retrieval_fillers import fillers, write_folders
from skillweave.evals.retrieval_metrics import Row, quality
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.model import Frozen, Skill
from skillweave.store.embed import Embedder, EmbeddingCache, MiniLMEmbedder, Vectors
from skillweave.store.index import VectorIndex
from skillweave.store.layout import Layout
from skillweave.store.library import Library

FIXED = 100
JOINING = (0, 200, 2000, 20_000, 100_000)
SIZES = (1000, 10_000, 100_000)
SEARCHES = 300
WARM = 20
NEAREST = 10
Progress = Callable[[str], None]


class Shadow(Frozen):
    """The fixed skills among ``others``."""

    others: int
    row: Row


class ShadowFigures(Frozen):
    """What `skillweave eval retrieval --part shadowing` writes."""

    command: str
    made: str
    machine: Machine
    data: dict[str, str]
    fixed: int
    rows: tuple[Shadow, ...]
    with_past: tuple[Shadow, ...]
    """With all other queries of the fixed skills remembered."""


def run_shadowing(
    folder: Path, embedder: Embedder, joining: Sequence[int], *, command: str, tell: Progress
) -> ShadowFigures:
    """Ask for 100 fixed skills of MetaTool while the library fills with others."""
    pool, real = pools(folder)
    chance = random.Random(0)
    fixed = set(chance.sample([skill.name for skill in pool.skills], FIXED))
    mine = [skill for skill in pool.skills if skill.name in fixed]
    others = [skill for skill in pool.skills if skill.name not in fixed]
    queries = [query for query in pool.queries if query.right[0] in fixed]
    chance.shuffle(queries)
    asked, past = queries[:1000], queries[1000:]
    joined = fillers([*mine, *others, *real], len(mine) + max(joining))[len(mine) :]
    rows: list[Shadow] = []
    with TemporaryDirectory() as temporary:
        root = Path(temporary) / "library"
        write_folders(mine, root / "skills")
        with Library(root, embedder=embedder, builtin=False) as library:
            here = 0
            for count in joining:
                write_folders(joined[here:count], root / "skills")
                here = count
                library.sync(check=lambda skill: None)
                rows.append(Shadow(others=count, row=_ask(library, asked)))
                tell(f"{count} others: hit@1 {rows[-1].row.hit1.mean}")
            remember(library, past)
            late = Shadow(others=here, row=_ask(library, asked))
            tell(f"{here} others, with a past: hit@1 {late.row.hit1.mean}")
    return ShadowFigures(
        command=command,
        made=_now(),
        machine=this_machine(),
        data=hashes(folder),
        fixed=len(mine),
        rows=tuple(rows),
        with_past=(late,),
    )


def pools(folder: Path) -> tuple[Pool, list[Skill]]:
    """MetaTool, and BFCL's functions that are not called like one of its tools."""
    pool, _ = metatool(folder)
    names = {skill.name for skill in pool.skills}
    return pool, [skill for skill in bfcl(folder).skills if skill.name not in names]


def _ask(library: Library, asked: Sequence[Query]) -> Row:
    found = [
        quality([hit.skill.name for hit in library.search(query.text, k=10)], query.right)
        for query in asked
    ]
    return Row.of(EVERYTHING, [found])


class Times(Frozen):
    """Milliseconds."""

    p50: float
    p95: float


class Size(Frozen):
    """The cost of a library of one size; times in seconds unless they say otherwise."""

    skills: int
    views: int
    build: float
    """From folders to a library that answers, embeddings known."""
    sync_unchanged: float
    add_one: float
    rebuild: float
    start: float
    """Opening it again, up to the first answer."""
    search: Times
    """Milliseconds, the query's embedding included."""
    search_known: Times
    """The same without the embedding."""
    recall10: float
    """Share of the ten nearest views by exact search that the index finds too."""
    disk_mb: float
    index_mb: float
    memory_mb: float
    """Resident, of the whole process, after the searches."""


class ScaleFigures(Frozen):
    """What `skillweave eval retrieval --part scale` writes."""

    command: str
    made: str
    machine: Machine
    data: dict[str, str]
    sizes: tuple[Size, ...]


class Job(NamedTuple):
    """What a process needs that measures one size."""

    folder: Path
    cache: Path
    size: int


def run_scale(
    folder: Path, cache: Path, sizes: Sequence[int], *, command: str, tell: Progress
) -> ScaleFigures:
    """Measure each size in a process of its own, so that its memory is its own.

    ``cache`` keeps the embeddings; they are made before anything is timed.
    """
    machine = this_machine()
    measured = []
    for size in sizes:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
            measured.append(processes.submit(measure_size, Job(folder, cache, size)).result())
        one = measured[-1]
        tell(f"{size} skills: search {one.search.p50} ms, recall {one.recall10}")
    return ScaleFigures(
        command=command, made=_now(), machine=machine, data=hashes(folder), sizes=tuple(measured)
    )


def measure_size(job: Job, embedder: Embedder | None = None) -> Size:
    """Build, search, synchronise and rebuild a library of one size."""
    pool, real = pools(job.folder)
    skills = fillers([*pool.skills, *real], job.size)
    chance = random.Random(0)
    queries = [query.text for query in chance.sample(pool.queries, WARM + SEARCHES)]
    model = embedder or MiniLMEmbedder()
    with _known(model, job.cache) as known, TemporaryDirectory() as temporary:
        root = Path(temporary) / "library"
        write_folders(skills, root / "skills")
        # The first library makes the embeddings; the second is timed with all of them known.
        with Library(root, embedder=known, builtin=False):
            pass
        _forget(Layout(root))
        start = time.perf_counter()
        with Library(root, embedder=known, builtin=False) as library:
            library.search("anything")
            build = time.perf_counter() - start
            start = time.perf_counter()
            library.sync()
            unchanged = time.perf_counter() - start
            one = Skill(name="one-more-skill", description="says one more thing", kind="guide")
            start = time.perf_counter()
            library.add(WrappedSkill(one, {}, Path(one.name)))
            library.search("say one more thing")
            add = time.perf_counter() - start
            rebuild = library.rebuild()
        start = time.perf_counter()
        with Library(root, embedder=_Mixed(model, known), builtin=False) as library:
            library.search("anything")
            opened = time.perf_counter() - start
            timed = _times(library, queries)
            # A query that was just asked is remembered, so that the embedding costs nothing.
            again = _times(library, queries[:WARM], repeats=SEARCHES // WARM)
            memory = _resident()
        layout = Layout(root)
        return Size(
            skills=rebuild.skills,
            views=rebuild.views,
            build=round(build, 2),
            sync_unchanged=round(unchanged, 3),
            add_one=round(add, 3),
            rebuild=round(rebuild.seconds, 2),
            start=round(opened, 2),
            search=timed,
            search_known=again,
            recall10=index_recall(layout, known.embed(queries)),
            disk_mb=_megabytes(root),
            index_mb=_megabytes(layout.vectors),
            memory_mb=round(memory, 1),
        )


def index_recall(layout: Layout, queries: Vectors) -> float:
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
    return round(found / (NEAREST * len(queries)), 4)


class _Mixed:
    """Known vectors for many texts at once, the model itself for a query."""

    def __init__(self, model: Embedder, known: Embedder):
        self._model, self._known = model, known
        self.name = model.name

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        return (self._model if len(texts) == 1 else self._known).embed(texts)


@contextmanager
def _known(model: Embedder, cache: Path) -> Iterator[EmbeddingCache]:
    known = EmbeddingCache(model, cache)
    try:
        yield known
    finally:
        known.close()


def _forget(layout: Layout) -> None:
    """Leave the folders and the ledger, as after ``git clone``."""
    for path in layout.catalogue.parent.glob(f"{layout.catalogue.name}*"):
        path.unlink()
    VectorIndex(layout.vectors).clear()


def _times(library: Library, queries: Sequence[str], repeats: int = 1) -> Times:
    for query in queries[:WARM]:
        library.search(query)
    gc.collect()
    taken = []
    for query in list(queries if repeats > 1 else queries[WARM:]) * repeats:
        start = time.perf_counter()
        library.search(query)
        taken.append(1000 * (time.perf_counter() - start))
    return Times(p50=round(median(taken), 2), p95=round(quantiles(taken, n=20)[-1], 2))


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def _megabytes(folder: Path) -> float:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return round(sum(sizes) / 1e6, 1)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

"""Whether old skills are still found when many others join."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from skillweave.evals.machine import Machine, this_machine
from skillweave.evals.retrieval_data import Pool, Query, bfcl, hashes, metatool
from skillweave.evals.retrieval_fillers import fillers, write_folders
from skillweave.evals.retrieval_libraries import EVERYTHING, remember
from skillweave.evals.retrieval_metrics import Row, quality
from skillweave.skills.model import Frozen, Skill
from skillweave.store.embed import Embedder
from skillweave.store.library import Library
from skillweave.store.views import views_of

FIXED = 100
JOINING = (0, 200, 2000, 20_000, 100_000)
CHUNK = 2000
Progress = Callable[[str], None]


class Shadow(Frozen):
    """The fixed skills among ``others``."""

    others: int
    row: Row
    seconds: float
    """Until those that joined could be found, embeddings known."""


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
    notes: tuple[str, ...] = (
        "The others are MetaTool's and BFCL's other tools, then near-misses: the same descriptions for"
        " another trade, place and form.",
        "The vectors of skills were computed in bfloat16 (cosines within 0.005), those of queries not.",
    )


def run_shadowing(
    folder: Path,
    embedder: Embedder,
    joining: Sequence[int],
    *,
    asked: int,
    command: str,
    tell: Progress,
    keep: Callable[[ShadowFigures], None] = lambda _: None,
    root: Path | None = None,
) -> ShadowFigures:
    """Ask for 100 fixed skills of MetaTool while the library fills with others.

    ``keep`` gets the figures so far; the library lies in ``root`` and stays there, where one is given.
    """
    pool, real = pools(folder)
    chance = random.Random(0)
    fixed = set(chance.sample([skill.name for skill in pool.skills], FIXED))
    mine = [skill for skill in pool.skills if skill.name in fixed]
    others = [skill for skill in pool.skills if skill.name not in fixed]
    queries = [query for query in pool.queries if query.right[0] in fixed]
    chance.shuffle(queries)
    now, past = queries[:asked], queries[asked:]
    joined = fillers([*mine, *others, *real], len(mine) + max(joining))[len(mine) :]
    embed_all([*mine, *joined], embedder, tell)
    rows: list[Shadow] = []
    late: list[Shadow] = []

    def figures() -> ShadowFigures:
        return ShadowFigures(
            command=command,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            machine=machine,
            data=hashes(folder),
            fixed=len(mine),
            rows=tuple(rows),
            with_past=tuple(late),
        )

    machine = this_machine()
    with _place(root) as place:
        write_folders(mine, place / "skills")
        with Library(place, embedder=embedder, builtin=False) as library:
            here = 0
            for count in joining:
                write_folders(joined[here:count], place / "skills")
                here = count
                start = time.perf_counter()
                library.sync(check=lambda skill: None)
                seconds = round(time.perf_counter() - start, 1)
                rows.append(Shadow(others=count, row=_ask(library, now), seconds=seconds))
                tell(f"{count} others: hit@1 {rows[-1].row.hit1.mean}")
                keep(figures())
            start = time.perf_counter()
            remember(library, past)
            seconds = round(time.perf_counter() - start, 1)
            late.append(Shadow(others=here, row=_ask(library, now), seconds=seconds))
            tell(f"{here} others, with a past: hit@1 {late[0].row.hit1.mean}")
    return figures()


def embed_all(skills: Sequence[Skill], embedder: Embedder, tell: Progress) -> None:
    """Let a remembering embedder see every view before anything is timed, some at a time."""
    texts = list(dict.fromkeys(view.text for skill in skills for view in views_of(skill)))
    for start in range(0, len(texts), CHUNK):
        embedder.embed(texts[start : start + CHUNK])
        if start % (10 * CHUNK) == 0:
            tell(f"embedded {start} of {len(texts)} views")


def pools(folder: Path) -> tuple[Pool, list[Skill]]:
    """MetaTool, and BFCL's functions that are not called like one of its tools."""
    pool, _ = metatool(folder)
    names = {skill.name for skill in pool.skills}
    return pool, [skill for skill in bfcl(folder).skills if skill.name not in names]


@contextmanager
def _place(root: Path | None) -> Iterator[Path]:
    if root is not None:
        yield root
        return
    with TemporaryDirectory() as temporary:
        yield Path(temporary) / "library"


def _ask(library: Library, asked: Sequence[Query]) -> Row:
    found = [
        quality([hit.skill.name for hit in library.search(query.text, k=10)], query.right)
        for query in asked
    ]
    return Row.of(EVERYTHING, [found])

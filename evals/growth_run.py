"""Running a stream through the suites' runner, and its figures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from skillweave.agent.models import open_model
from skillweave.agent.settings import Settings
from skillweave.evals.growth import GrowthFigures, Setting, figures
from skillweave.evals.journal import Journal
from skillweave.evals.order import chosen
from skillweave.evals.remembered import Remembered
from skillweave.evals.runner import Asked, OnBegin, OnRecord, run_suite, spread
from skillweave.evals.sources import data_folder
from skillweave.evals.suite import Loaded, Opening, Suite
from skillweave.evals.suites.growth import GROWTH_TASKS, load_families
from skillweave.evals.suites.growth_games import GROWTH_GAMES
from skillweave.evals.suites.growth_queries import GROWTH_QUERIES
from skillweave.evals.workplace import Bench
from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen
from skillweave.skills.sandbox import Sandbox
from skillweave.store.embed import EmbeddingCache, MiniLMEmbedder
from skillweave.store.prepared import prepared_vectors

STREAMS = {"tasks": GROWTH_TASKS, "queries": GROWTH_QUERIES, "games": GROWTH_GAMES}


class GrowthRun(Frozen):
    """What is to be run."""

    stream: Literal["tasks", "queries", "games"] = "tasks"
    limit: int | None = None
    families: int | None = None
    """Of the stream of tasks."""
    orders: int = 3
    block: int = 30
    parallel: int = 1
    stop_after: float | None = None
    data: Path | None = None
    folder: Path
    resume: bool = False

    @property
    def command(self) -> str:
        """That runs it."""
        told = f" --stream {self.stream}" if self.stream != "tasks" else ""
        told += f" --limit {self.limit}" if self.limit is not None else ""
        told += f" --families {self.families}" if self.families is not None else ""
        told += f" --orders {self.orders} --block {self.block} --parallel {self.parallel}"
        return f"skillweave eval growth{told}"


def run_growth(
    wanted: GrowthRun, settings: Settings, *, on_begin: OnBegin, on_record: OnRecord
) -> GrowthFigures:
    """Run what is missing of a stream and count everything.

    Raises:
        DataMissingError: the queries are not on this machine.
        UserError: the games are not; or the folder holds a run that was not to be resumed, or another.
    """
    suite, seeds = STREAMS[wanted.stream], tuple(range(wanted.orders))
    if why := suite.skips(settings):
        raise UserError(why)
    loaded = _loaded(suite, wanted)
    with _bench(suite, settings, wanted) as bench:
        asked = Asked(
            model=bench.model.name,
            seeds=seeds,
            limit=wanted.limit,
            parallel=wanted.parallel,
            resume=wanted.resume,
            once=_once(suite),
            stop_after=wanted.stop_after,
        )
        run_suite(
            suite, loaded, bench, asked, wanted.folder, on_begin=on_begin, on_record=on_record
        )
        name, base = bench.model.name, bench.model.base_hash
    return _figures(wanted, suite, loaded, name, base)


def _loaded(suite: Suite, wanted: GrowthRun) -> Loaded:
    if suite is GROWTH_TASKS:
        return load_families(wanted.families)
    return suite.load(data_folder(wanted.data) if suite is GROWTH_QUERIES else None)


@contextmanager
def _bench(suite: Suite, settings: Settings, wanted: GrowthRun) -> Iterator[Bench]:
    with Sandbox.open(workers=settings.sandbox_workers) as sandbox:
        if suite.opens is not None:
            opening = Opening(wanted.data, settings, (), lambda told: None)
            model, profile = suite.opens(opening)
            vectors = settings.state_dir / "evals" / "embeddings"
            with closing(EmbeddingCache(MiniLMEmbedder(), vectors, prepared_vectors)) as embedder:
                yield Bench(model, settings, profile, sandbox, embedder)
            return
        with Remembered(open_model(settings.model, settings)) as remembered:
            yield Bench(remembered, settings, sandbox=sandbox)


def _figures(
    wanted: GrowthRun, suite: Suite, loaded: Loaded, name: str, base: str
) -> GrowthFigures:
    seeds = tuple(range(wanted.orders))
    setting = Setting(
        command=wanted.command,
        model=name,
        model_hash=base,
        block=wanted.block,
        parallel=wanted.parallel,
        data=loaded.files,
    )
    return figures(
        suite,
        spread(Journal(wanted.folder).records(), _once(suite), seeds),
        chosen(loaded.samples, wanted.limit),
        seeds,
        wanted.folder,
        setting,
    )


def _once(suite: Suite) -> tuple[str, ...]:
    """To an arm that learns nothing the order is all one."""
    return tuple(arm.name for arm in suite.arms if not arm.grows)

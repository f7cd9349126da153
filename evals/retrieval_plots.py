"""The curves that go beside the figures of `skillweave eval retrieval`."""

from __future__ import annotations

from collections.abc import Sequence

from skillweave.evals.retrieval_charts import Curve, Panel, svg
from skillweave.evals.retrieval_figures import RetrievalFigures, ScaleFigures
from skillweave.evals.retrieval_libraries import EVERYTHING
from skillweave.evals.retrieval_metrics import Row
from skillweave.evals.retrieval_shadowing import ShadowFigures

PLAIN = "maximum over views alone"


def growth_svg(figures: RetrievalFigures) -> str:
    """hit@1 by the size of the past, of all queries and of those without a near copy in it."""
    panels = [
        Panel(
            title,
            "verified past requests",
            [
                Curve(name, [(stage.solved, _hit1(rows, name)) for stage, rows in stages])
                for name in (EVERYTHING, PLAIN)
            ],
        )
        for title, stages in (
            ("MetaTool, hit@1 in %", [(stage, stage.rows) for stage in figures.growth]),
            ("the same, near-copies excluded", [(stage, stage.far) for stage in figures.growth]),
        )
    ]
    return svg(panels)


def shadowing_svg(figures: ShadowFigures) -> str:
    """How often the fixed skills are found among others."""
    curves = [
        Curve("hit@1", [(one.others, one.row.hit1.mean) for one in figures.rows]),
        Curve("recall@5", [(one.others, one.row.recall5.mean) for one in figures.rows]),
    ]
    return svg([Panel(f"{figures.fixed} fixed skills, in %", "other skills", curves)])


def scale_svg(figures: ScaleFigures) -> str:
    """The growth of every cost."""
    sizes = figures.sizes

    def curve(label: str, values: Sequence[float | None]) -> Curve:
        pairs = zip(sizes, values, strict=True)
        return Curve(label, [(one.skills, value) for one, value in pairs if value])

    panels = [
        Panel(
            "search, ms at the median",
            "skills",
            [
                curve("clock", [one.search.p50 for one in sizes]),
                curve("processor", [one.search.cpu50 for one in sizes]),
                curve("without embedding", [one.search_known.p50 for one in sizes]),
            ],
        ),
        Panel(
            "seconds",
            "skills",
            [
                curve("build", [one.build for one in sizes]),
                curve("rebuild", [one.rebuild for one in sizes]),
                curve("start", [one.start for one in sizes]),
                curve("sync, processor", [one.sync_cpu for one in sizes]),
                curve("add one", [one.add_one for one in sizes]),
            ],
            log=True,
        ),
        Panel(
            "megabytes",
            "skills",
            [
                curve("memory", [one.memory_mb for one in sizes]),
                curve("disk", [one.disk_mb for one in sizes]),
                curve("vector index", [one.index_mb for one in sizes]),
            ],
            log=True,
        ),
    ]
    return svg(panels)


def _hit1(rows: Sequence[Row], name: str) -> float:
    return next(row.hit1.mean for row in rows if row.system == name)

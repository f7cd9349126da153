"""What ``skillweave eval run`` and ``report`` do: suites one after another on one model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from rich.markup import escape
from rich.progress import Progress, TaskID

from skillweave.agent.settings import Settings
from skillweave.evals.record import Record
from skillweave.skills.errors import UserError

DEFAULT_OUT = Path("runs/evals")
MOST_TRACES = 2000
SMOKE = "smoke"
SMOKE_SAMPLES = 2
SMOKE_ARMS = 3
"""Of each suite, the first ones."""
SMOKE_SECONDS = 20.0
"""Of one sample."""


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for."""

    suites: tuple[str, ...]
    arms: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    limit: int | None = None
    parallel: int = 4
    stop_after: float | None = None
    data: Path | None = None
    out: Path = DEFAULT_OUT
    resume: bool = False
    again: bool = False

    @property
    def smoke(self) -> bool:
        return self.suites == (SMOKE,)


def run_all(wanted: Wanted, settings: Settings, bar: Progress) -> list[str]:
    """Run the suites; gives the arms of each as a Markdown table.

    Raises:
        UserError: an unknown suite or arm, missing data, or results that are in the way.
    """
    from skillweave.agent.models import open_model
    from skillweave.evals.runner import Asked, arms_of, run_suite
    from skillweave.evals.sources import DataMissingError, data_folder
    from skillweave.evals.suites import SUITES
    from skillweave.evals.tables import arms_table, markdown
    from skillweave.evals.workplace import Bench
    from skillweave.skills.sandbox import Sandbox

    unknown = [name for name in wanted.suites if name not in SUITES and not wanted.smoke]
    if unknown:
        known = ", ".join([*SUITES, f"{SMOKE} (alone)"])
        raise UserError(f"there is no suite {unknown[0]!r}; there are {known}")
    if wanted.smoke:
        seconds = min(settings.max_seconds, SMOKE_SECONDS)
        settings = settings.model_copy(update={"max_seconds": seconds})
    folder = data_folder(wanted.data)
    loaded = {}
    for name in SUITES if wanted.smoke else dict.fromkeys(wanted.suites):
        arms_of(SUITES[name], wanted.arms)
        try:
            loaded[name] = SUITES[name].load(folder)
        except DataMissingError as error:
            if not wanted.smoke:
                raise
            bar.console.print(f"{name} is left out: {error}", markup=False)
    asked = Asked(
        model=settings.model,
        seeds=wanted.seeds,
        limit=wanted.limit or (SMOKE_SAMPLES if wanted.smoke else None),
        small_pool=wanted.smoke,
        parallel=wanted.parallel,
        resume=wanted.resume,
        again=wanted.again,
        stop_after=wanted.stop_after,
    )
    lane = None if settings.lane == "auto" else settings.lane
    tables = []
    with (
        open_model(settings.model, settings) as model,
        Sandbox.open(lane, workers=settings.sandbox_workers) as sandbox,
    ):
        bench = Bench(model, settings, sandbox=sandbox)
        for name, data in loaded.items():
            arms = [arm.name for arm in SUITES[name].arms]
            chosen = wanted.arms or tuple(arms[:SMOKE_ARMS] if wanted.smoke else arms)
            line = bar.add_task(name, total=None)

            def begin(total: int, done: int, line: TaskID = line) -> None:
                bar.update(line, total=total, completed=done)

            def show(record: Record, line: TaskID = line, name: str = name) -> None:
                score = record.status if record.score is None else f"{record.score:g}"
                told = escape(f"{name} {record.arm} {record.sample}: {score}")
                bar.update(line, advance=1, description=told)

            try:
                summary = run_suite(
                    SUITES[name],
                    data,
                    bench,
                    replace(asked, arms=chosen),
                    wanted.out / name,
                    on_begin=begin,
                    on_record=show,
                )
            except KeyboardInterrupt:
                bar.console.print(
                    f"{wanted.out}: the same command with --resume goes on", markup=False
                )
                raise
            write_report(wanted.out / name)
            table = arms_table(summary)
            tables.append(markdown(table.model_copy(update={"title": name})))
    return tables


def write_report(folder: Path, *, traces: bool = True) -> Path:
    """Write ``report.html`` and ``report.md`` of the runs in a folder; gives the former.

    A page of more than `MOST_TRACES` trials names the files of their traces instead of showing them.
    """
    from skillweave.evals.report import html, in_markdown
    from skillweave.evals.runs import runs_in

    runs = runs_in(folder)
    page = folder / "report.html"
    few = sum(len(run.records) for run in runs) <= MOST_TRACES
    page.write_text(html(runs, traces=traces and few), encoding="utf-8")
    page.with_suffix(".md").write_text(in_markdown(runs), encoding="utf-8")
    return page

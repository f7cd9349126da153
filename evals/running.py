"""What ``skillweave eval run`` and ``report`` do: suites one after another on one model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.progress import Progress

from skillweave.agent.settings import Settings
from skillweave.evals.beat import Beat
from skillweave.evals.record import Record
from skillweave.skills.errors import UserError

if TYPE_CHECKING:
    from skillweave.evals.runner import Asked
    from skillweave.evals.suite import Loaded, Suite
    from skillweave.evals.workplace import Bench
    from skillweave.skills.sandbox import Sandbox

DEFAULT_OUT = Path("runs/evals")
FIGURES = Path("evals/figures")
"""Where figures are committed, from the root of the repository."""
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
    processes: int = 1
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
    from skillweave.evals.benches import BENCHES
    from skillweave.evals.runner import run_suite
    from skillweave.evals.suites import SUITES
    from skillweave.evals.tables import arms_table, markdown
    from skillweave.evals.workplace import Bench
    from skillweave.skills.sandbox import Sandbox

    unknown = [name for name in wanted.suites if name not in SUITES and not wanted.smoke]
    if unknown:
        known = ", ".join([*SUITES, *BENCHES, f"{SMOKE} (alone)"])
        raise UserError(f"there is no suite {unknown[0]!r}; there are {known}")
    if wanted.smoke:
        seconds = min(settings.max_seconds, SMOKE_SECONDS)
        settings = settings.model_copy(update={"max_seconds": seconds})
    loaded = _loaded(wanted, settings, bar)
    if not loaded:
        return []
    asked = _asked(wanted, settings)
    lane = None if settings.lane == "auto" else settings.lane
    tables = []
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox.open(lane, workers=settings.sandbox_workers))
        shared = None
        if any(SUITES[name].opens is None for name in loaded):
            model = stack.enter_context(open_model(settings.model, settings))
            shared = Bench(model, settings, sandbox=sandbox)
        for name, data in loaded.items():
            arms = [arm.name for arm in SUITES[name].arms]
            chosen = wanted.arms or tuple(arms[:SMOKE_ARMS] if wanted.smoke else arms)
            line = _Line(bar, name)
            bench = shared
            own = SUITES[name].opens
            if bench is None or own is not None:
                bench = _own_bench(SUITES[name], settings, sandbox, wanted, chosen, line.phase)
            try:
                summary = run_suite(
                    SUITES[name],
                    data,
                    bench,
                    replace(
                        asked,
                        arms=chosen,
                        model=bench.model.name if own else asked.model,
                        # A model that a suite brings lives in this process.
                        processes=1 if own else asked.processes,
                    ),
                    wanted.out / name,
                    on_begin=line.begin,
                    on_record=line.record,
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


class _Line:
    """The line of a suite in the progress; where nobody watches, words now and then."""

    def __init__(self, bar: Progress, name: str) -> None:
        self._bar = bar
        self._name = name
        self._line = bar.add_task(name, total=None)
        self._beat = Beat(name, lambda told: bar.console.print(told, markup=False))

    def phase(self, told: str) -> None:
        self._bar.update(self._line, description=escape(f"{self._name}: {told}"))

    def begin(self, total: int, done: int) -> None:
        self._bar.update(self._line, total=total, completed=done)
        self._beat.begin(total, done)

    def record(self, record: Record) -> None:
        if not self._bar.console.is_terminal:
            self._beat.one()
        score = record.status if record.score is None else f"{record.score:g}"
        told = escape(f"{self._name} {record.arm} {record.sample}: {score}")
        self._bar.update(self._line, advance=1, description=told)


def _asked(wanted: Wanted, settings: Settings) -> Asked:
    from skillweave.evals.runner import Asked
    from skillweave.evals.sources import data_folder

    return Asked(
        model=settings.model,
        seeds=wanted.seeds,
        limit=wanted.limit or (SMOKE_SAMPLES if wanted.smoke else None),
        small_pool=wanted.smoke,
        parallel=wanted.parallel,
        processes=wanted.processes,
        data=data_folder(wanted.data),
        resume=wanted.resume,
        again=wanted.again,
        stop_after=wanted.stop_after,
    )


def _loaded(wanted: Wanted, settings: Settings, bar: Progress) -> dict[str, Loaded]:
    """The data of the suites that can be run; of the others, a line why not."""
    from skillweave.evals.runner import arms_of
    from skillweave.evals.sources import DataMissingError, data_folder
    from skillweave.evals.suites import SUITES

    folder = data_folder(wanted.data)
    loaded: dict[str, Loaded] = {}
    for name in SUITES if wanted.smoke else dict.fromkeys(wanted.suites):
        if not wanted.smoke:
            arms_of(SUITES[name], wanted.arms)
        why = SUITES[name].skips(settings)
        if why:
            bar.console.print(f"{name} is skipped: {why}", markup=False, soft_wrap=True)
            continue
        try:
            loaded[name] = SUITES[name].load(folder)
        except DataMissingError as error:
            if not wanted.smoke:
                raise
            bar.console.print(f"{name} is left out: {error}", markup=False, soft_wrap=True)
    return loaded


def _own_bench(
    suite: Suite,
    settings: Settings,
    sandbox: Sandbox,
    wanted: Wanted,
    arms: tuple[str, ...],
    tell: Callable[[str], None],
) -> Bench:
    """With the model that a suite brings."""
    from skillweave.evals.sources import data_folder
    from skillweave.evals.suite import Opening
    from skillweave.evals.workplace import Bench

    if suite.opens is None:
        raise ValueError(f"{suite.name} brings no model")
    model, profile = suite.opens(Opening(data_folder(wanted.data), settings, arms, tell))
    return Bench(model, settings, profile, sandbox)


def write_report(folder: Path, *, traces: bool = True) -> Path:
    """Write ``report.html`` and ``report.md`` of the runs in a folder; gives the former.

    A page of more than `MOST_TRACES` trials names the files of their traces instead of showing them.
    """
    from skillweave.evals.benches import benches_in
    from skillweave.evals.report import html, in_markdown
    from skillweave.evals.runs import is_run, runs_in

    benches = benches_in(folder)
    homes = (folder, *folder.glob("*/"))
    runs = [] if benches and not any(map(is_run, homes)) else runs_in(folder)
    page = folder / "report.html"
    few = sum(len(run.records) for run in runs) <= MOST_TRACES
    page.write_text(html(runs, benches, traces=traces and few), encoding="utf-8")
    page.with_suffix(".md").write_text(in_markdown(runs, benches), encoding="utf-8")
    return page

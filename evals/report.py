"""The report of one or more runs: one HTML file without links to anything, and Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from skillweave.evals.benches import BenchRun, notes_of, tables_of
from skillweave.evals.charts import Bar, Dot, Group, Line, bars, colour, curves, scatter
from skillweave.evals.drill import Drilled, drill
from skillweave.evals.record import STATUSES
from skillweave.evals.runs import SuiteRun
from skillweave.evals.suite import Table
from skillweave.evals.summary import Summary
from skillweave.evals.tables import (
    arms_table,
    cell,
    families_table,
    interval,
    markdown,
    seeds_table,
    share,
)
from skillweave.skills.model import Frozen


class Legend(Frozen):
    """The colour of an arm."""

    name: str
    about: str
    colour: str


class Chart(Frozen):
    """A drawing with its title."""

    title: str
    svg: str


class Page(Frozen):
    """The part of a report that tells of one suite."""

    suite: str
    about: str
    warnings: tuple[str, ...]
    keys: tuple[Legend, ...]
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...]
    samples: tuple[Drilled, ...]
    origin: tuple[tuple[str, str], ...]


def html(runs: Sequence[SuiteRun], benches: Sequence[BenchRun] = (), *, traces: bool = True) -> str:
    """The report as a page that needs no network and no other file."""
    environment = Environment(
        loader=PackageLoader("skillweave.evals"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages = [page_of(run, traces=traces) for run in runs] + [bench_page(one) for one in benches]
    title = f"What skills add: {', '.join(page.suite for page in pages)}"
    return environment.get_template("report.html.j2").render(title=title, pages=pages, cell=cell)


def in_markdown(runs: Sequence[SuiteRun], benches: Sequence[BenchRun] = ()) -> str:
    """The tables of the report, for a README or an issue."""
    parts = []
    for run in runs:
        page = page_of(run, traces=False)
        parts.append(f"## {page.suite}: {page.about}\n")
        parts += [f"**{line}**\n" for line in page.warnings]
        parts += [markdown(table) for table in page.tables]
        parts.append(f"Made {run.manifest.made} by `{run.manifest.command}`.\n")
    for bench in benches:
        parts.append(f"## {bench.manifest.name}: {bench.manifest.about}\n")
        parts += [markdown(table) for table in tables_of(bench.figures)]
        parts += [f"{note}\n" for note in notes_of(bench.figures)]
        parts.append(f"Made {bench.manifest.made} by `{bench.manifest.command}`.\n")
    return "\n".join(parts)


def page_of(run: SuiteRun, *, traces: bool) -> Page:
    """All that is shown of one run."""
    summary = run.summary
    arms = [arm.arm for arm in summary.arms]
    return Page(
        suite=summary.suite,
        about=summary.about,
        warnings=warnings_of(run),
        keys=tuple(
            Legend(name=arm.arm, about=arm.about, colour=colour(arms, arm.arm))
            for arm in summary.arms
        ),
        tables=tables_in_order(summary),
        charts=charts_of(summary, arms),
        samples=tuple(drill(run, traces=traces)),
        origin=origin_of(run),
    )


def tables_in_order(summary: Summary) -> tuple[Table, ...]:
    """Those that all suites have, then the suite's own."""
    seeds = (seeds_table(summary),) if len(summary.seeds) > 1 else ()
    return (arms_table(summary), *seeds, families_table(summary), *summary.tables)


def bench_page(bench: BenchRun) -> Page:
    """All that is shown of a measurement without samples."""
    manifest, figures = bench.manifest, bench.figures
    machine = figures.get("machine") if isinstance(figures, dict) else None
    notes = [("note", note) for note in notes_of(figures)]
    told = (
        [(name, str(value)) for name, value in machine.items()] if isinstance(machine, dict) else []
    )
    return Page(
        suite=manifest.name,
        about=manifest.about,
        warnings=(),
        keys=(),
        tables=tables_of(figures),
        charts=(),
        samples=(),
        origin=(
            ("command", manifest.command),
            ("made", manifest.made),
            ("program", manifest.source[:16]),
            *notes,
            *told,
        ),
    )


def warnings_of(run: SuiteRun) -> tuple[str, ...]:
    """What a reader must know before believing a figure."""
    warnings = []
    if not run.summary.complete:
        warnings.append("This run is not complete: some trials were not made.")
    errors = sum(arm.statuses.get("error", 0) for arm in run.summary.arms)
    if errors:
        warnings.append(f"{errors} trials ended in an error; they count as no success.")
    if len(run.manifest.sources) > 1:
        warnings.append("The program changed between this run's beginning and its resumption.")
    if run.manifest.plan.limit is not None:
        warnings.append(f"A part of the suite: {run.summary.samples} samples.")
    return tuple(warnings)


def charts_of(summary: Summary, arms: Sequence[str]) -> tuple[Chart, ...]:
    """Families, growth, and cost against success."""
    families = list(dict.fromkeys(one.family for one in summary.families))
    groups = [
        Group(
            family,
            [
                Bar(
                    one.arm, one.score, one.low, one.high,
                    f"{one.arm}: {share(one.score)}, {interval(one.low, one.high)}, "
                    f"{one.samples} samples",
                )
                for one in summary.families
                if one.family == family and one.samples
            ],
        )
        for family in families
    ]  # fmt: skip
    charts = [Chart(title="Success by family", svg=bars(groups, arms))]
    lines = [Line(one.arm, one.tried, one.score) for one in summary.curves]
    if lines:
        svg = curves(lines, arms, shares=True, unit="samples")
        charts.append(Chart(title="Success so far, as the library grows", svg=svg))
        learned = [Line(one.arm, one.tried, one.learned) for one in summary.curves]
        svg = curves(learned, arms, shares=False, unit="samples")
        charts.append(Chart(title="Skills learned so far", svg=svg))
    dots = [Dot(one.arm, one.tokens, one.score, one.low, one.high) for one in summary.arms]
    svg = scatter(dots, arms, "tokens a sample")
    return (*charts, Chart(title="Success against cost", svg=svg))


def origin_of(run: SuiteRun) -> tuple[tuple[str, str], ...]:
    """The manifest in words."""
    manifest = run.manifest
    plan, machine = manifest.plan, manifest.machine
    statuses = {s: sum(arm.statuses.get(s, 0) for arm in run.summary.arms) for s in STATUSES}
    limits = plan.limits
    return (
        ("command", manifest.command),
        ("made", manifest.made),
        ("model", f"{plan.model} (sha256 {manifest.model_hash[:16] or 'unknown'})"),
        ("library", f"{manifest.skills} skills (sha256 {manifest.library[:16]})"),
        ("samples", f"{manifest.count} (sha256 {manifest.samples[:16]})"),
        ("seeds", ", ".join(map(str, plan.seeds))),
        ("data", ", ".join(f"{name} {digest[:12]}" for name, digest in manifest.data.items())),
        ("program", ", ".join(one[:16] for one in manifest.sources)),
        (
            "limits",
            f"{limits.max_steps} steps, {limits.max_tokens} tokens, {limits.max_seconds:g} s",
        ),
        ("at once", f"{manifest.parallel} samples"),
        ("trials", ", ".join(f"{count} {status}" for status, count in statuses.items())),
        ("seconds", f"{sum(record.seconds for record in run.records):.0f}, added up"),
        ("machine", f"{machine.processor}, {machine.cores} cores, load {machine.load:g}"),
        ("versions", ", ".join(f"{n} {v}" for n, v in machine.versions.items())),
    )

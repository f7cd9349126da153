"""``skillweave eval list|run|compare|report|fetch``: only wiring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from skillweave.agent.cli import options as opt
from skillweave.evals.fetch_cli import fetch
from skillweave.evals.inspect_cli import inspect
from skillweave.evals.running import DEFAULT_OUT, FIGURES, Wanted, run_all, write_report

README = Path("README.md")
WORSE = 3
"""Exit code of a comparison that found an arm that fares worse."""

Data = Annotated[
    Path | None,
    typer.Option("--data", file_okay=False, help="Folder of public data; or SKILLWEAVE_DATA."),
]
Run = Annotated[Path, typer.Argument(help="The folder of a run.", exists=True, file_okay=False)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("list")(list_suites)
    app.command()(run)
    app.command()(compare)
    app.command()(report)
    app.command()(fetch)
    app.command()(inspect)
    app.command()(keep)
    app.command()(headline)


def list_suites(data: Data = None) -> None:
    """List the suites with their arms, and say which data are missing.

    Example: skillweave eval list
    """
    from skillweave.evals.benches import BENCHES
    from skillweave.evals.sources import DataMissingError, data_folder
    from skillweave.evals.suites import SUITES

    folder = data_folder(data)
    for suite in SUITES.values():
        typer.echo(f"{suite.name}: {suite.about}")
        try:
            typer.echo(f"  {len(suite.load(folder).samples)} samples")
        except DataMissingError as error:
            typer.echo(f"  no data: {error}")
        for arm in suite.arms:
            mark = " (reference)" if arm.name == suite.reference else ""
            typer.echo(f"  {arm.name}{mark}: {arm.about}")
    for bench in BENCHES.values():
        typer.echo(f"{bench.name}: {bench.about}")
        typer.echo("  no samples and arms; `skillweave eval " + " ".join(bench.arguments) + "`")


def run(  # noqa: PLR0913 - the options of a command
    ctx: typer.Context,
    suites: Annotated[list[str], typer.Argument(help="Names of suites and benches, or smoke.")],
    model: opt.Model = None,
    arm: Annotated[list[str] | None, typer.Option(help="Only this arm; may be repeated.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 0 on.")] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="Samples at most.")] = None,
    parallel: Annotated[int, typer.Option(min=1, help="Samples at once, where sound.")] = 4,
    processes: Annotated[int, typer.Option(min=1, help="Processes that share the work.")] = 1,
    max_steps: Annotated[int | None, typer.Option(help="Steps of one sample.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Tokens of one sample.")] = None,
    max_seconds: Annotated[float | None, typer.Option(help="Seconds of one sample.")] = None,
    stop_after: Annotated[
        float | None, typer.Option(help="Seconds after which no sample is begun.")
    ] = None,
    data: Data = None,
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of results.")] = DEFAULT_OUT,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what is in --out.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="With --resume: try what ended in an error again.")
    ] = False,
) -> None:
    """Run suites: every sample in every arm under every seed.

    An interrupted run goes on with --resume. smoke tries a few samples of every suite.

    Example: skillweave eval run workbench --seeds 3 --out runs/evals/today
    """
    from skillweave.evals.benches import BENCHES, run_bench
    from skillweave.evals.sources import data_folder

    benches = [BENCHES[name] for name in dict.fromkeys(suites) if name in BENCHES]
    limits = {"max_steps": max_steps, "max_tokens": max_tokens, "max_seconds": max_seconds}
    wanted = Wanted(
        suites=tuple(name for name in suites if name not in BENCHES),
        arms=tuple(arm or ()),
        seeds=tuple(range(seeds)),
        limit=limit,
        parallel=parallel,
        processes=processes,
        stop_after=stop_after,
        data=data,
        out=out,
        resume=resume,
        again=again,
    )
    settings = opt.options_of(ctx, model=model).settings(**limits)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    text = TextColumn("{task.description}")
    if wanted.suites:
        with Progress(text, *columns, console=Console(stderr=True)) as bar:
            found = run_all(wanted, settings, bar)
        for table in found:
            typer.echo(table)
    for bench in benches:
        run_bench(bench, out / bench.name, data_folder(data), resume=resume)
        write_report(out / bench.name)


def report(
    folder: Run,
    traces: Annotated[bool, typer.Option(help="Put the traces into the page.")] = True,
    png: Annotated[bool, typer.Option("--png", help="Also the charts, to plots/*.png.")] = False,
) -> None:
    """Write report.html and report.md of a finished run, beside its results.

    Example: skillweave eval report runs/evals --png
    """
    page = write_report(folder, traces=traces)
    typer.echo(f"written to {page} and {page.with_suffix('.md')}", err=True)
    if png:
        from skillweave.evals.plots import plots
        from skillweave.evals.runs import runs_in

        for one in runs_in(folder):
            for path in plots(one.summary, folder / "plots"):
                typer.echo(f"written to {path}", err=True)


def compare(before: Run, after: Run) -> None:
    """Compare two runs sample by sample; exit code 3 says that an arm fares worse.

    Example: skillweave eval compare runs/before runs/after
    """
    from skillweave.evals.compare import compare as compared
    from skillweave.evals.runs import runs_in
    from skillweave.evals.tables import comparison_table, markdown

    found = compared(runs_in(before), runs_in(after))
    typer.echo(markdown(comparison_table(found)))
    for one in found:
        for warning in one.warnings:
            typer.echo(f"{one.suite}: {warning}", err=True)
        if one.lost:
            typer.echo(f"{one.suite}, {one.arm}: lost {', '.join(one.lost)}")
    worse = [one for one in found if one.change == "worse"]
    for one in worse:
        typer.secho(f"regression: {one.suite}, arm {one.arm}", fg="red", err=True)
    if worse:
        raise typer.Exit(WORSE)


def keep(
    folder: Run,
    figures: Annotated[Path, typer.Option(file_okay=False, help="Committed figures.")] = FIGURES,
) -> None:
    """Keep manifest and summary of complete runs among the committed figures.

    Example: skillweave eval keep runs/evals
    """
    from skillweave.evals.kept import keep as kept

    for path in kept(folder, figures):
        typer.echo(f"written to {path}", err=True)


def headline(
    readme: Annotated[Path, typer.Option(exists=True, help="The file to change.")] = README,
    figures: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Committed figures.")
    ] = FIGURES,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail when stale.")
    ] = False,
) -> None:
    """Write the README's table of figures anew from the committed files.

    Example: skillweave eval headline --check
    """
    from skillweave.evals.headline import in_readme, render
    from skillweave.evals.journal import replace_file
    from skillweave.skills.errors import UserError

    old = readme.read_text(encoding="utf-8")
    new = in_readme(old, render(figures))
    if new == old:
        typer.echo(f"{readme}: its figures are those of {figures}", err=True)
    elif check:
        raise UserError(f"{readme}: its figures are stale; `skillweave eval headline` writes them")
    else:
        replace_file(readme, new)
        typer.echo(f"written to {readme}", err=True)

"""``skillweave eval growth``: only wiring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from skillweave.agent.cli import options as opt

Stream = Literal["tasks", "queries", "games"]


def growth(  # noqa: PLR0913 - the options of a command
    ctx: typer.Context,
    stream: Annotated[
        Stream,
        typer.Option(help="Tasks for the agent, MetaTool's queries (no model), or text games."),
    ] = "tasks",
    model: opt.Model = None,
    limit: Annotated[
        int | None, typer.Option(min=15, help="Of the stream; all of it when left out.")
    ] = None,
    families: Annotated[
        int | None, typer.Option(min=1, max=27, help="So many of the 27 families of tasks.")
    ] = None,
    orders: Annotated[int, typer.Option(min=1, help="Orders of the stream.")] = 3,
    block: Annotated[int, typer.Option(min=5, help="Tasks in a row that are summed up.")] = 30,
    parallel: Annotated[
        int, typer.Option(min=1, help="Tasks at once in arms that do not learn; tells on seconds.")
    ] = 1,
    stop_after: Annotated[
        float | None, typer.Option(help="Seconds after which no task is begun.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder of public data; or SKILLWEAVE_DATA."),
    ] = None,
    folder: Annotated[
        Path, typer.Option(file_okay=False, help="Records, traces and the report.")
    ] = Path("runs/growth"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the folder's run.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, help="Write the figures here.")
    ] = None,
) -> None:
    """Put a stream to an agent that grows, and to others that do not.

    Success and cost by solved task, block by block, in several orders. The model is
    asked every question once; all arms and orders hear the same answer.

    Example: skillweave eval growth --limit 60 --block 15 --out runs/bench/growth.json
    """
    from skillweave.evals.cli import progress, write
    from skillweave.evals.growth_run import GrowthRun, run_growth
    from skillweave.evals.growth_tasks import BLOCK
    from skillweave.evals.record import Record
    from skillweave.evals.running import write_report

    every = min(BLOCK, block)
    settings = opt.options_of(ctx, model=model).settings(distil_every=every)
    wanted = GrowthRun(
        stream=stream,
        limit=limit,
        families=families,
        orders=orders,
        block=block,
        parallel=parallel,
        stop_after=stop_after,
        data=data,
        folder=folder,
        resume=resume,
    )
    with progress() as bar:
        line = bar.add_task("starting", total=None)

        def begin(total: int, done: int) -> None:
            bar.update(line, total=total, completed=done)

        def show(record: Record) -> None:
            told = f"{record.arm} {record.seed}: {record.family} {record.score}"
            bar.update(line, advance=1, description=told)

        found = run_growth(wanted, settings, on_begin=begin, on_record=show)
    write(found, out)
    typer.echo(f"report: {write_report(folder)}", err=True)
    for arm in found.arms:
        told = f"{arm.success:.1%} ({arm.low:.1%} to {arm.high:.1%}) of {arm.trials}"
        blocks = " ".join(f"{one.success:.0%}" for one in arm.blocks)
        typer.echo(f"{arm.arm}: {told}; {arm.calls_per_solved} calls by solved task", err=True)
        typer.echo(f"  by block: {blocks}", err=True)

"""``skillweave eval growth``: only wiring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillweave.agent.cli import options as opt


def growth(  # noqa: PLR0913 - the options of a command
    ctx: typer.Context,
    model: opt.Model = None,
    limit: Annotated[
        int | None, typer.Option(min=15, help="Tasks of the stream; all 300 when left out.")
    ] = None,
    families: Annotated[
        int | None, typer.Option(min=1, max=15, help="So many of the 15 families.")
    ] = None,
    orders: Annotated[int, typer.Option(min=1, help="Orders of the stream.")] = 3,
    block: Annotated[int, typer.Option(min=5, help="Tasks in a row that are summed up.")] = 30,
    parallel: Annotated[
        int, typer.Option(min=1, help="Tasks at once in arms that do not learn; tells on seconds.")
    ] = 1,
    stop_after: Annotated[
        float | None, typer.Option(help="Seconds after which no task is begun.")
    ] = None,
    folder: Annotated[
        Path, typer.Option(file_okay=False, help="Records, traces and the report.")
    ] = Path("runs/growth"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the folder's run.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, help="Write the figures here.")
    ] = None,
) -> None:
    """Put a stream of returning tasks to an agent that grows, and to three that do not.

    Success, model calls, tokens and seconds by solved task, block by block, in
    several orders. All of it takes hours on a CPU; --limit takes fewer tasks.

    Example: skillweave eval growth --limit 60 --block 15 --out runs/bench/growth.json
    """
    from skillweave.agent.models import open_model
    from skillweave.evals.cli import progress, write
    from skillweave.evals.growth import DISTIL_EVERY, SUITE, Setting, figures, load_families
    from skillweave.evals.journal import Journal
    from skillweave.evals.order import chosen
    from skillweave.evals.record import Record
    from skillweave.evals.runner import Asked, run_suite
    from skillweave.evals.running import write_report
    from skillweave.evals.workplace import Bench
    from skillweave.skills.sandbox import Sandbox

    seeds, data = tuple(range(orders)), load_families(families)
    every = min(DISTIL_EVERY, block)
    settings = opt.options_of(ctx, model=model).settings(distil_every=every)
    asked = Asked(
        model=settings.model,
        seeds=seeds,
        limit=limit,
        parallel=parallel,
        resume=resume,
        stop_after=stop_after,
    )
    with (
        open_model(settings.model, settings) as handle,
        Sandbox.open(workers=settings.sandbox_workers) as sandbox,
        progress() as bar,
    ):
        line = bar.add_task(f"starting {settings.model}", total=None)

        def begin(total: int, done: int) -> None:
            bar.update(line, total=total, completed=done)

        def show(record: Record) -> None:
            told = f"{record.arm} {record.seed}: {record.family} {record.score}"
            bar.update(line, advance=1, description=told)

        bench = Bench(handle, settings, sandbox=sandbox)
        run_suite(SUITE, data, bench, asked, folder, on_begin=begin, on_record=show)
        name, base = settings.model, handle.base_hash
    setting = Setting(
        command=_command(limit, families, orders, block, parallel),
        model=name,
        model_hash=base,
        block=block,
        parallel=parallel,
    )
    tried = chosen(data.samples, limit)
    found = figures(Journal(folder).records(), tried, seeds, folder, setting)
    write(found, out)
    typer.echo(f"report: {write_report(folder)}", err=True)
    for arm in found.arms:
        told = f"{arm.success:.1%} ({arm.low:.1%} to {arm.high:.1%}) of {arm.trials}"
        typer.echo(
            f"{arm.arm}: {told}; {arm.calls_per_solved} model calls by solved task", err=True
        )


def _command(
    limit: int | None, families: int | None, orders: int, block: int, parallel: int
) -> str:
    told = f" --limit {limit}" if limit is not None else ""
    told += f" --families {families}" if families is not None else ""
    return f"skillweave eval growth{told} --orders {orders} --block {block} --parallel {parallel}"

"""``skillweave eval merges``: only wiring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillweave.evals.machine import this_machine


def merges(
    size: Annotated[
        list[str] | None, typer.Option(metavar="SIZE[:REPEATS]", help="Width of the module.")
    ] = None,
    rank: Annotated[int, typer.Option(min=1, help="Of the adapters and of the result.")] = 16,
    seed: Annotated[int, typer.Option(help="Decides the adapters.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="Write here instead of to the terminal."),
    ] = None,
) -> None:
    """Compress a merge of four adapters by their factors and by PEFT's dense SVD, and compare.

    Unless sizes are given, these are 1024:3 and 4096:1, which take PEFT a minute.

    Example: skillweave eval merges --size 1024:3 --out runs/bench/merges.json
    """
    from skillweave.evals.cli import progress, write
    from skillweave.evals.merge_bench import DEFAULT_SIZES, MergeRow, parse_plan, run_merges

    plan = parse_plan(size or DEFAULT_SIZES)
    machine = this_machine()
    with progress() as bar:
        line = bar.add_task("merging", total=len(plan))

        def show(row: MergeRow) -> None:
            bar.update(line, advance=1, description=f"{row.size}: {row.cpu_ratio:g} times faster")

        found = run_merges(
            plan, rank=rank, seed=seed, threads=threads, machine=machine, on_row=show
        )
    write(found, out)
    for row in found.rows:
        cpu, wall = f"{row.cpu_ratio:g} times faster in CPU time", f"{row.ratio:g} by the clock"
        typer.echo(f"{row.size}: {cpu}, {wall}, same to {row.difference:.0e}", err=True)

"""``skillweave eval merges``: only wiring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillweave.evals.machine import this_machine
from skillweave.evals.merge_shapes import Device, ModelName


def merges(
    size: Annotated[
        list[str] | None, typer.Option(metavar="SIZE[:REPEATS]", help="Width of the module.")
    ] = None,
    shapes: Annotated[
        ModelName | None,
        typer.Option(help="Whole adapters of such a model instead of one module."),
    ] = None,
    rank: Annotated[int, typer.Option(min=1, help="Of the adapters and of the result.")] = 16,
    seed: Annotated[int, typer.Option(help="Decides the adapters.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 1,
    device: Annotated[
        Device, typer.Option(help="Merge shapes on a GPU as well as on the CPU.")
    ] = "cpu",
    out: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="Write here instead of to the terminal."),
    ] = None,
) -> None:
    """Compress a merge of four adapters by their factors and by PEFT's dense SVD, and compare.

    Unless sizes are given, these are 1024:3 and 4096:1, which take PEFT a minute. With --shapes two
    and four adapters of the ranks 16 and 64 are merged, and PEFT has one module of each shape.

    Example: skillweave eval merges --size 1024:3 --out runs/bench/merges.json
    Example: skillweave eval merges --shapes llama-8b --device cuda --out runs/bench/merges-8b.json
    """
    from skillweave.evals.cli import progress, write
    from skillweave.evals.merge_bench import DEFAULT_SIZES, MergeRow, parse_plan, run_merges

    if shapes is None and device != "cpu":
        raise typer.BadParameter("--device goes with --shapes")
    if shapes is not None:
        if size:
            raise typer.BadParameter("give --size or --shapes, not both")
        _whole_adapters(shapes, seed, threads, device, out)
        return
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


def _whole_adapters(
    shapes: ModelName, seed: int, threads: int, device: Device, out: Path | None
) -> None:
    """What is there is written after every step: the last ones may take minutes."""
    from skillweave.evals.cli import progress, save, write
    from skillweave.evals.merge_model import ModelFigures, run_model_merges, summary

    machine = this_machine()
    with progress() as bar:
        line = bar.add_task("merging", total=None)

        def show(figures: ModelFigures) -> None:
            if out is not None:
                save(figures, out)
            bar.update(line, description=summary(figures)[-1])

        found = run_model_merges(
            shapes, device=device, seed=seed, threads=threads, machine=machine, on_figures=show
        )
    write(found, out)
    typer.echo("\n".join(summary(found)), err=True)

"""``skillweave eval teach``: only wiring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SIZES = (64, 16, 256)


def teach(  # noqa: PLR0913 - the options of a command
    size: Annotated[
        list[int] | None,
        typer.Option(min=12, help="Examples of a task; 64, 16 and 256 if none is named."),
    ] = None,
    seed: Annotated[list[int] | None, typer.Option(help="May be repeated; 0 if none.")] = None,
    nearest: Annotated[
        bool,
        typer.Option("--nearest", help="Also begin from the nearest adapters that come along."),
    ] = False,
    steps: Annotated[int, typer.Option(min=1, help="Steps of training at most.")] = 400,
    tests: Annotated[int, typer.Option(min=10, help="Held-out pairs of a task.")] = 100,
    minutes: Annotated[float, typer.Option(min=0.1, help="When to stop; again goes on.")] = 120,
    model: Annotated[str, typer.Option(help="nano, or the folder of a model.")] = "nano",
    work: Annotated[
        Path, typer.Option(help="Adapters and finished cells; a run goes on from here.")
    ] = Path("runs/teach"),
    out: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="Write here instead of to the terminal."),
    ] = None,
) -> None:
    """Teach nano twelve new tasks by examples, and measure what it learned, kept and confuses.

    Example: skillweave eval teach --minutes 60 --out evals/figures/teach.json
    """
    import torch

    from skillweave.agent.growth.teach import Limits
    from skillweave.agent.growth.teach_base import base_of
    from skillweave.evals.cli import progress, write
    from skillweave.evals.teach_bench import grid, run_teach
    from skillweave.evals.teach_cells import Bench, Start

    torch.set_num_threads(1)
    sizes, seeds = tuple(size or SIZES), tuple(seed or (0,))
    starts: tuple[Start, ...] = ("none", "nearest") if nearest else ("none",)
    cells = grid(sizes, seeds, starts)
    options = [*(f"--size {n}" for n in sizes), *(f"--seed {n}" for n in seeds)]
    options += ["--nearest"] * nearest + [f"--steps {steps}", f"--tests {tests}"]
    with progress() as bar:
        line = bar.add_task("loading the model", total=len(cells))
        bench = Bench(base_of(model), work, tests, Limits(steps=steps, seconds=600))
        found = run_teach(
            bench,
            cells,
            command=f"skillweave eval teach --model {model} {' '.join(options)}",
            minutes=minutes,
            on_done=lambda text: bar.update(line, advance=1, description=text),
        )
    write(found, out)
    for one in found.by_size:
        told = f"{one.share:.1%} of held-out pairs right, {one.admitted} of {one.trials} admitted"
        typer.echo(f"{one.size} examples ({one.start}): {told}", err=True)
    kept = found.kept
    typer.echo(f"the base: {kept.identical_after} of {kept.requests} answers identical", err=True)
    if found.missing:
        typer.echo(f"{found.missing} cells are missing; the same command goes on", err=True)

"""``skillweave eval``: only wiring."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from skillweave.agent.cli import options as opt
from skillweave.evals.figures import LatencyFigures, WorkbenchFigures
from skillweave.evals.latency import Start, measure
from skillweave.evals.machine import this_machine
from skillweave.evals.workbench import SORTS, TASKS, TaskReport, in_order, load_tasks, run_workbench

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Measure the agent on this machine."
)

Out = Annotated[
    Path | None,
    typer.Option("--out", dir_okay=False, help="Write here instead of to the terminal."),
]


def progress() -> Progress:
    """A bar on standard error, so that the figures alone go to standard output."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    text = TextColumn("{task.description}")
    return Progress(text, *columns, console=Console(stderr=True))


def write(figures: BaseModel, out: Path | None) -> None:
    """JSON to a file or to standard output."""
    text = figures.model_dump_json(indent=2) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    typer.echo(f"written to {out}", err=True)


@app.command()
def tasks(
    ctx: typer.Context,
    model: opt.Model = None,
    file: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The tasks.")] = TASKS,
    seed: Annotated[int, typer.Option(help="Decides the order of the tasks.")] = 0,
    learn: Annotated[bool, typer.Option(help="Let the agent learn on the way.")] = True,
    out: Out = None,
) -> None:
    """Put the workbench tasks to an agent with a fresh library and count the right answers.

    Example: skillweave eval tasks --out runs/bench/workbench.json
    """
    from skillweave.agent.api import Agent
    from skillweave.agent.models import open_model

    chosen = in_order(load_tasks(file), seed)
    machine = this_machine()
    with tempfile.TemporaryDirectory() as folder, progress() as bar:
        state = Path(folder) / "state"
        settings = opt.options_of(ctx, model=model).settings(learn=learn, state_dir=state)
        line = bar.add_task(f"starting {settings.model}", total=len(chosen))

        def show(report: TaskReport) -> None:
            mark = "[green]right[/]" if report.right else "[red]wrong[/]"
            text = escape(" ".join(report.task.split())[:44])
            bar.update(line, advance=1, description=f"{mark} {text}")

        with (
            open_model(settings.model, settings) as handle,
            Agent(library=Path(folder) / "library", model=handle, settings=settings) as agent,
        ):
            report = run_workbench(agent, chosen, show)
            base_hash = handle.base_hash
    figures = WorkbenchFigures.of(
        report,
        model=settings.model,
        base_hash=base_hash,
        seed=seed,
        machine=machine,
        file=file.name,
    )
    write(figures, out)
    summary = ", ".join(f"{figures.right[s]} of {figures.count[s]} {s}" for s in SORTS)
    typer.echo(f"right: {summary}", err=True)


@app.command()
def figures(
    ctx: typer.Context,
    model: opt.Model = None,
    repeats: Annotated[
        int, typer.Option(min=1, help="Measured starts, after one thrown away.")
    ] = 3,
    out: Out = None,
) -> None:
    """Measure start-up, time to the first token and time per task, each start in a new process.

    Example: skillweave eval figures --repeats 5 --out runs/bench/latency.json
    """
    machine = this_machine()
    name = opt.options_of(ctx, model=model).settings().model
    with progress() as bar:
        line = bar.add_task(f"starting {name}", total=repeats + 1)

        def show(start: Start) -> None:
            bar.update(line, advance=1, description=f"ready after {start.ready:.1f} s")

        latency = measure(name, repeats, on_start=show)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    write(LatencyFigures(made=made, machine=machine, latency=latency), out)

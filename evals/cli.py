"""``skillweave eval``: only wiring."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from skillweave.agent.cli import options as opt
from skillweave.evals import commands, retrieval_cli, search_cli, teach_cli
from skillweave.evals.gate_cli import gate
from skillweave.evals.growth_cli import growth
from skillweave.evals.growth_session_cli import session
from skillweave.evals.latency import Start, measure
from skillweave.evals.machine import this_machine
from skillweave.evals.merge_cli import merges
from skillweave.evals.records import LatencyFigures, WorkbenchFigures
from skillweave.evals.scan_cli import scan
from skillweave.evals.twx_cli import twx
from skillweave.evals.workbench import (
    HELD_OUT,
    SORTS,
    TaskReport,
    in_order,
    load_tasks,
    run_workbench,
)

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Measure the agent on this machine."
)
app.command()(gate)
app.command()(scan)
app.command()(twx)
app.command()(growth)
app.command()(session)
app.command()(merges)

commands.register(app)
app.command()(search_cli.search)
app.command()(teach_cli.teach)
app.command()(retrieval_cli.retrieval)

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
    if out is None:
        typer.echo(_text(figures), nl=False)
        return
    save(figures, out)
    typer.echo(f"written to {out}", err=True)


def save(figures: BaseModel, out: Path) -> None:
    """JSON to a file, without a word."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(_text(figures), encoding="utf-8")


def _text(figures: BaseModel) -> str:
    return figures.model_dump_json(indent=2) + "\n"


@app.command()
def tasks(
    ctx: typer.Context,
    model: opt.Model = None,
    file: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The tasks.")] = HELD_OUT,
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


@app.command()
def serving(
    size: Annotated[
        list[str] | None, typer.Option(metavar="SIZE", help="4m, 12m or 90m parameters.")
    ] = None,
    requests: Annotated[int, typer.Option(min=1, help="Put at once.")] = 64,
    rounds: Annotated[int, typer.Option(min=1, help="Counted, after one that is not.")] = 3,
    seed: Annotated[int, typer.Option(help="Decides models, adapters and requests.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Of every system.")] = 1,
    out: Out = None,
) -> None:
    """Serve many adapters in one batch by the plugin, stock vLLM and PEFT, and compare.

    Unless sizes are given, these are 12m and 4m, which take a quarter of an hour.

    Example: skillweave eval serving --size 12m --out runs/bench/serving.json
    """
    from skillweave.evals.serving_bench import DEFAULT_SIZES, ServingRow, run_serving

    with progress() as bar:
        line = bar.add_task("starting", total=None)

        def show(row: ServingRow) -> None:
            stock, peft = row.times_stock.median, row.times_peft.median
            versus = (
                f"{stock:.2f} x stock, {peft:.2f} x PEFT, {row.share_of_base.median:.2f} of base"
            )
            bar.console.print(f"{row.model} {row.load}: {versus}", highlight=False)
            bar.update(line, advance=1, description=f"{row.model} after {row.load}")

        found = run_serving(
            size or DEFAULT_SIZES,
            requests=requests,
            rounds=rounds,
            seed=seed,
            threads=threads,
            on_row=show,
        )
    write(found, out)
    later = found.first_tokens.new_mix_later.median
    typer.echo(f"first token of a new mix: {later:.1f} ms after a loaded adapter's", err=True)


@app.command()
def thresholds(
    part: Annotated[
        Literal["match", "confidence", "all"], typer.Option(help="Which threshold.")
    ] = "all",
    n: Annotated[int, typer.Option("-n", min=1, help="Requests of each sort and seed.")] = 250,
    out: Out = None,
) -> None:
    """Find min_match and min_confidence: below which match or confidence the agent should decline.

    A part that is not measured again keeps the figures that --out holds.

    Example: skillweave eval thresholds --part match --out evals/figures/thresholds.json
    """
    from skillweave.evals.confidence import KINDS, measure_confidence
    from skillweave.evals.declining import ThresholdFigures
    from skillweave.evals.matching import load_goals, measure_match

    machine = this_machine()
    old = out.read_text(encoding="utf-8") if out is not None and out.is_file() else ""
    before = ThresholdFigures.model_validate_json(old) if old else None
    match = before.match if before else None
    confidence = before.confidence if before else None
    with tempfile.TemporaryDirectory() as folder, progress() as bar:
        if part != "confidence":
            line = bar.add_task("searching", total=len(load_goals()))
            match = measure_match(Path(folder), lambda: bar.update(line, advance=1))
        if part != "match":
            reading = bar.add_task("reading", total=2 * n * len(KINDS))
            confidence = measure_confidence(n, lambda: bar.update(reading, advance=1))
    made = datetime.now(UTC).isoformat(timespec="seconds")
    write(ThresholdFigures(made=made, machine=machine, match=match, confidence=confidence), out)
    chosen = [match.chosen] if match else []
    chosen += [confidence.by_whole] if confidence else []
    for choice in chosen:
        kept = f"{choice.right_kept.share:.1%} of what is right"
        typer.echo(f"{choice.score}: below {choice.threshold} decline; keeps {kept}", err=True)

"""``skillweave eval inspect``: only wiring."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from skillweave.agent.cli import options as opt


def inspect(  # noqa: PLR0913 - the options of a command
    ctx: typer.Context,
    suite: Annotated[str, typer.Argument(help="Name of a suite.")],
    arm: Annotated[str | None, typer.Option(help="The arm; else the suite's reference.")] = None,
    model: opt.Model = None,
    seed: Annotated[int, typer.Option(help="Decides the order of the samples.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Samples at most.")] = None,
    parallel: Annotated[int, typer.Option(min=1, help="Samples at once, where sound.")] = 4,
    data: Annotated[
        Path | None,
        typer.Option("--data", file_okay=False, help="Folder of public data; or SKILLWEAVE_DATA."),
    ] = None,
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of logs.")] = Path(
        "runs/inspect"
    ),
) -> None:
    """Run a suite as a task of inspect-ai, for its log viewer: `inspect view --log-dir DIR`.

    Example: skillweave eval inspect workbench --arm library --limit 10
    """
    from skillweave.agent.models import open_model
    from skillweave.evals.inspect_tasks import run_task, task_of
    from skillweave.evals.journal import Journal
    from skillweave.evals.order import chosen, in_order
    from skillweave.evals.runner import arms_of
    from skillweave.evals.sources import data_folder
    from skillweave.evals.suites import SUITES
    from skillweave.evals.workplace import Bench, workplace
    from skillweave.skills.errors import UserError
    from skillweave.skills.sandbox import Sandbox

    if suite not in SUITES:
        raise UserError(f"there is no suite {suite!r}; there are {', '.join(SUITES)}")
    found = SUITES[suite]
    (one,) = arms_of(found, [arm or found.reference])
    settings = opt.options_of(ctx, model=model).settings()
    reason = found.skips(settings) or (
        "" if found.opens is None else "it brings a model of its own"
    )
    if reason:
        raise UserError(f"{suite}: {reason}; see `skillweave eval run {suite}`")
    loaded = found.load(data_folder(data))
    samples = in_order(chosen(loaded.samples, limit), seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_model(settings.model, settings) as handle,
        Sandbox.open(workers=settings.sandbox_workers) as sandbox,
        workplace(
            Bench(handle, settings, sandbox=sandbox),
            found,
            loaded,
            Journal(out / "traces"),
            Path(folder),
            one if one.grows else None,
        ) as place,
    ):
        log = run_task(task_of(found, one, seed, samples, place), one, out, parallel=parallel)
    if log.status != "success" or log.results is None:
        raise UserError(f"inspect-ai: {log.status}: {log.error.message if log.error else ''}")
    for score in log.results.scores:
        figures = ", ".join(f"{name} {m.value:.3f}" for name, m in score.metrics.items())
        typer.echo(f"{suite}, {one.name}: {figures}")
    typer.echo(f"written to {log.location}; `inspect view --log-dir {out}` shows it", err=True)

"""``skillweave eval session``: only wiring."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from skillweave.agent.cli import options as opt


def session(
    ctx: typer.Context,
    model: opt.Model = None,
    out: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, help="Write the session here.")
    ] = None,
) -> None:
    """Record a chat as plain text: a request fails, examples are given, the next one succeeds.

    The library is a fresh one. It is an error if the session does not go so.

    Example: skillweave eval session --out runs/session.txt
    """
    from skillweave.agent.api import Agent
    from skillweave.agent.models import open_model
    from skillweave.evals.cli import progress
    from skillweave.evals.growth_session import record

    with tempfile.TemporaryDirectory() as temporary, progress() as bar:
        folder = Path(temporary)
        own = {"library": folder / "library", "state_dir": folder / "state"}
        settings = opt.options_of(ctx, model=model).settings().model_copy(update=own)
        line = bar.add_task(f"starting {settings.model}", total=None)
        with (
            open_model(settings.model, settings) as handle,
            Agent(model=handle, settings=settings) as agent,
        ):
            told = record(agent, folder, on_line=lambda text: bar.update(line, description=text))
    if out is None:
        typer.echo(told.text, nl=False)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(told.text, encoding="utf-8")
    typer.echo(f"written to {out}", err=True)

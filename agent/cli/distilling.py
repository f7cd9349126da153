"""`skillweave skills distil` and ``/distil``: what the runs so far teach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skillweave.agent.cli import options as opt

if TYPE_CHECKING:
    from skillweave.agent.cli.chat_session import Session
    from skillweave.agent.growth.distil import Distilled

USAGE = "/distil"
HELP = "learn from the successes and failures so far: insights, and raw experiences"


def distil(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list the insights and their votes.")
    ] = False,
    raw: Annotated[bool, typer.Option(help="Also keep verified runs word for word.")] = True,
    model: opt.Model = None,
    library: opt.LibraryFolder = None,
) -> None:
    """Contrast the runs that went well with those that did not; insights become experiences.

    Without a larger model the contrast is counted: which skill fails where
    another one succeeds, and for which arguments. A larger model also reads the
    runs and words insights of its own.

    Example: skillweave skills distil --dry-run
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.growing import open_grower

    console = open_console(stderr=True)
    options = opt.options_of(ctx, model=model, library=library)
    with open_grower(options, console) as agent, console.status("reading") as status:
        found = agent.grow.distil(dry=dry_run, raw=raw, on_progress=status.update)
    for line in lines_of(found, dry=dry_run):
        typer.echo(line)


def distil_in_chat(session: Session, argument: str) -> None:
    """``/distil``: as the command."""
    from rich.text import Text

    with session.console.status("reading") as status:
        found = session.agent.grow.distil(on_progress=status.update)
    for line in lines_of(found, dry=False):
        session.console.print(Text(line), soft_wrap=True)


def lines_of(found: Distilled, *, dry: bool) -> list[str]:
    """What a person is told."""
    lines = [f"{one.votes:+d} votes  {one.text}" for one in found.insights] if dry else []
    lines += [f"+ {name}" for name in found.added]
    lines += [f"- {name} (archived)" for name in found.archived]
    lines += [f"{one.name}: {one.reason}" for one in found.refused]
    told = ", ".join(f"{count} {op}" for op, count in sorted(found.operations.items()))
    return [*lines, f"{found.runs} runs; {told or 'nothing new'}"]

"""`skillweave skills revise` and `skillweave skills repair`: tools trained on tasks, and mended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillweave.agent.cli import options as opt

if TYPE_CHECKING:
    from skillweave.agent.growth.revise import Revised
    from skillweave.agent.growth.revise_repair import Repair


def revise(
    ctx: typer.Context,
    tasks: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help='Lines {"request": "...", "arguments": {...}, "expected": ...}.',
        ),
    ],
    epochs: Annotated[int, typer.Option(min=1, help="At most so many.")] = 5,
    patience: Annotated[int, typer.Option(min=1, help="Epochs without a gain; then it ends.")] = 1,
    library: opt.LibraryFolder = None,
) -> None:
    """Train the library's tools on tasks: add, revise or remove, and take back what does not help.

    A third of the tasks is kept back and tells what was learned. A change that
    was cut off in the middle is taken back by the next call.

    Example: skillweave skills revise tasks.jsonl --epochs 3
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.growing import open_grower
    from skillweave.agent.growth.revise_score import read_tasks

    found_tasks = read_tasks(tasks)
    console = open_console(stderr=True)
    options = opt.options_of(ctx, model="nano", library=library)
    with open_grower(options, console) as agent, console.status("scoring") as status:
        found = agent.grow.revise(
            found_tasks, epochs=epochs, patience=patience, on_step=status.update
        )
    for line in lines_of(found):
        typer.echo(line)


def repair(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A tool; all that need it when left out.")] = "",
    model: opt.Model = None,
    library: opt.LibraryFolder = None,
) -> None:
    """Mend the tools that succeed less often than they did.

    An earlier version that did better comes back, if its cases hold and the gate
    lets it in. A larger model may rewrite the tool; that waits for approval.

    Example: skillweave skills repair word-count
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.growing import open_grower

    console = open_console(stderr=True)
    options = opt.options_of(ctx, model=model, library=library)
    with open_grower(options, console) as agent, console.status("repairing"):
        repairs = agent.grow.repair(name)
    if not repairs:
        typer.echo("no tool succeeds less often than it did", err=True)
    for one in repairs:
        typer.echo(line_of(one))


def lines_of(found: Revised) -> list[str]:
    """What a person is told."""
    lines = (
        [f"taken back from an interrupted training: {found.recovered}"] if found.recovered else []
    )
    for step in found.steps:
        told = f"{step.before} -> {step.after} right" if step.outcome == "kept" else step.why
        lines.append(f"{step.outcome}: {step.move.kind} {step.move.skill} ({told})")
    training = f"training: {found.before} -> {found.after} of {found.training}"
    held = f"kept back: {found.held_before} -> {found.held_after} of {found.held_back}"
    return [*lines, f"{training}; {held}; {found.epochs} epochs"]


def line_of(one: Repair) -> str:
    """One tool."""
    drop = f"{one.drop.skill} fell from {one.drop.before:.0%} to {one.drop.now:.0%}"
    if not one.how:
        return f"{drop}; nothing helped: {one.why}"
    waits = one.verdict is not None and one.verdict.decision == "approval"
    return f"{drop}; {one.how}" + (
        f", waits for `skillweave review {one.drop.skill}`" if waits else ""
    )

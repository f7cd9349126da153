"""`skillweave practise`: the agent makes tasks for itself, and keeps what something else finds right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillweave.agent.cli import options as opt

if TYPE_CHECKING:
    from rich.console import Console

    from skillweave.agent.growth.practise import Practised
    from skillweave.agent.growth.practise_course import Attempted

UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_BUDGET = re.compile(r"(\d+(?:\.\d+)?)\s*([smh]?)")


def practise(
    ctx: typer.Context,
    budget: Annotated[str, typer.Option("--budget", help="Time: 90s, 10m, 1h.")] = "10m",
    tasks: Annotated[int | None, typer.Option("--tasks", min=1, help="Attempts at most.")] = None,
    documents: Annotated[
        list[Path] | None,
        typer.Option("--docs", exists=True, help="Take values of tasks from this file or folder."),
    ] = None,
    failures: Annotated[
        bool, typer.Option(help="Also try requests again that came to nothing.")
    ] = True,
    seed: Annotated[int, typer.Option(help="Decides the tasks.")] = 0,
    model: opt.Model = None,
    library: opt.LibraryFolder = None,
) -> None:
    """Practise on tasks near the edge of what works; what passes the gate is kept.

    Tasks come from the tools of the library, from failures and from documents.
    Ctrl-C stops it at any moment; the same command goes on where it stopped.

    Example: skillweave practise --budget 10m --docs ~/notes
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.start import open_agent

    seconds = seconds_of(budget)
    console = open_console(stderr=True)
    options = opt.options_of(ctx, model=model, library=library)
    with open_agent(options, console) as agent, console.status("practising") as status:
        told = _Told(console, seconds)

        def show(attempted: Attempted) -> None:
            told.show(attempted)
            status.update(told.line())

        try:
            found = agent.grow.practise(
                seconds,
                tasks=tasks,
                documents=tuple(documents or ()),
                failures=failures,
                seed=seed,
                on_attempt=show,
            )
        except KeyboardInterrupt:
            console.print(f"{told.line()}; the same command goes on", soft_wrap=True)
            raise
    typer.echo(summary(found))


def seconds_of(text: str) -> float:
    """A time like ``90s``, ``10m``, ``1h``.

    >>> seconds_of("1.5m")
    90.0
    """
    match = _BUDGET.fullmatch(text.strip())
    if match is None or float(match[1]) == 0:
        raise typer.BadParameter(f"{text!r} is no time like 90s, 10m or 1h")
    return float(match[1]) * UNITS[match[2]]


def summary(found: Practised) -> str:
    """One line at the end."""
    parts = [f"{found.right} of {found.attempts} right in {found.seconds:.0f} s"]
    if found.first_half is not None and found.second_half is not None:
        parts.append(
            f"{found.first_half:.0%} in the first half, {found.second_half:.0%} in the second"
        )
    parts.append(f"{len(found.kept)} skills kept, {len(found.taught)} tools taught new words")
    return "; ".join(parts)


class _Told:
    """What a person sees while it goes on."""

    def __init__(self, console: Console, seconds: float) -> None:
        self._console, self._seconds = console, seconds
        self._right = self._done = 0
        self._spent = 0.0

    def show(self, one: Attempted) -> None:
        """A line for what stays."""
        self._done += 1
        self._right += one.right
        self._spent += one.seconds
        for name in one.kept:
            self._console.print(f"+ {name}  ({one.request})", soft_wrap=True, markup=False)
        for name in one.taught:
            self._console.print(
                f"~ {name} is also asked by: {one.request}", soft_wrap=True, markup=False
            )

    def line(self) -> str:
        """How far it is."""
        return f"{self._right} of {self._done} right, {self._spent:.0f} of {self._seconds:.0f} s"

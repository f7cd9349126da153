"""`skillweave doctor`: what works on this machine, and what to do about the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from skillweave.agent.cli import options as opt
from skillweave.agent.cli.errors import REFUSED, first_line

if TYPE_CHECKING:
    from rich.console import Console

    from skillweave.agent.doctor import Check


def doctor(
    ctx: typer.Context,
    server: Annotated[bool, typer.Option(help="Also start the model and ask it.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    model: opt.Model = None,
    library: opt.LibraryFolder = None,
) -> None:
    """Check this machine: sandbox (with a canary attack), model server, embedder, library.

    Exit code 2 when a check fails; each one that does says what to do.

    Example: skillweave doctor --no-server
    """
    from skillweave.agent.cli.console import open_console

    options = opt.options_of(ctx, model=model, library=library)
    console = open_console()
    found: list[Check] = []
    with open_console(stderr=True).status("checking") as status:
        for check in _checks(options, server):
            found.append(check)
            if not json:
                _print(check, console)
            status.update(f"checking, {len(found)} done")
    if json:
        from skillweave.agent.cli.skills import print_json

        print_json([check.model_dump(mode="json") for check in found])
    if not all(check.ok for check in found):
        raise typer.Exit(REFUSED)


def _checks(options: opt.Options, server: bool) -> Iterator[Check]:
    from skillweave.agent.doctor import examine

    yield _library(options)
    yield from examine(options.settings(), server=server)


def _library(options: opt.Options) -> Check:
    """Opens the library and compares its files, records and index."""
    from skillweave.agent.doctor import Check
    from skillweave.skills.errors import SkillweaveError

    remedy = (
        "skillweave library check lists the problems, skillweave library rebuild renews the index"
    )
    try:
        with options.open_library() as library:
            problems, count = library.check(), len(library.list())
    except SkillweaveError as error:
        return Check(name="library", ok=False, detail=first_line(error), remedy=remedy)
    detail = f"{count} skills in {library.root}"
    if problems:
        detail = f"{detail}, {len(problems)} problems, the first: {problems[0].message}"
    return Check(name="library", ok=not problems, detail=detail, remedy=remedy if problems else "")


def _print(check: Check, console: Console) -> None:
    from rich.text import Text

    mark = Text("✓ ", "green") if check.ok else Text("✗ ", "red")
    line = mark.append(f"{check.name}: ", "bold default").append(check.detail, "not bold default")
    console.print(line, soft_wrap=True)
    if check.remedy:
        console.print(Text(f"  -> {check.remedy}", "yellow"), soft_wrap=True)

"""`skillweave skills versions, diff, rollback, export`: the history of a skill's files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillweave.agent.cli import options as opt
from skillweave.agent.cli.skills import AsJson, Name, print_json

OneName = Annotated[str, typer.Argument(metavar="NAME", help="The skill.")]


def versions(
    ctx: typer.Context, name: OneName, json: AsJson = False, library: opt.LibraryFolder = None
) -> None:
    """List the versions of a skill, oldest first.

    Example: skillweave skills versions word-count
    """
    from skillweave.agent.cli.tables import version_line

    with opt.options_of(ctx, library=library).open_library() as lib:
        found = lib.versions(name)
    if json:
        print_json([version.model_dump(mode="json") for version in found])
        return
    for version in found:
        typer.echo(version_line(version))


def diff(
    ctx: typer.Context,
    name: OneName,
    old: Annotated[
        str | None, typer.Option("--from", help="Number or digest; else the one before.")
    ] = None,
    new: Annotated[
        str | None, typer.Option("--to", help="Number or digest; else the current one.")
    ] = None,
    library: opt.LibraryFolder = None,
) -> None:
    """Show what changed between two versions of a skill, as a patch.

    Example: skillweave skills diff word-count --from 1 --to 3
    """
    with opt.options_of(ctx, library=library).open_library() as lib:
        lines = lib.diff(name, old, new)
    for line in lines:
        typer.echo(line)


def rollback(
    ctx: typer.Context,
    name: OneName,
    version: Annotated[str, typer.Argument(help="Number or digest of the version.")],
    library: opt.LibraryFolder = None,
) -> None:
    """Make an earlier version the current one; the one it replaces is kept.

    Example: skillweave skills rollback word-count 1
    """
    with opt.options_of(ctx, library=library).open_library() as lib:
        skill = lib.rollback(name, version)
    typer.echo(f"{name} is {skill.versioned_name} again")


def export(
    ctx: typer.Context,
    name: Name,
    folder: Annotated[Path, typer.Argument(help="Where to put the folder NAME.", file_okay=False)],
    library: opt.LibraryFolder = None,
) -> None:
    """Copy a skill's folder out of the library, byte for byte, for any Agent Skills client.

    Example: skillweave skills export word-count ~/.claude/skills
    """
    with opt.options_of(ctx, library=library).open_library() as lib:
        dest = lib.export(name, folder)
    typer.echo(dest)

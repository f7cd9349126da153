"""`skillweave library`: the index behind the skills."""

from __future__ import annotations

import typer

from skillweave.agent.cli import options as opt

app = typer.Typer(help="Look after the library: rebuild its index, check it, find it.")


@app.command()
def rebuild(ctx: typer.Context, library: opt.LibraryFolder = None) -> None:
    """Make the index anew from the folders of the skills.

    Example: skillweave library rebuild
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.start import phases

    options = opt.options_of(ctx, library=library)
    with phases(open_console(stderr=True)) as view:
        view.enter("opening the library")
        with options.open_library() as lib:
            view.enter("rebuilding the index")
            report = lib.rebuild()
    typer.echo(f"{report.skills} skills, {report.views} views in {report.seconds:.1f} s")
    for problem in report.problems:
        typer.secho(problem.message, fg="yellow", err=True)


@app.command()
def check(ctx: typer.Context, library: opt.LibraryFolder = None) -> None:
    """Compare files, records and index; one line per problem, exit code 2 when there is one.

    Example: skillweave library check
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.errors import REFUSED
    from skillweave.agent.cli.start import phases

    options = opt.options_of(ctx, library=library)
    with phases(open_console(stderr=True)) as view:
        view.enter("checking the library")
        with options.open_library() as lib:
            problems = lib.check()
    for problem in problems:
        typer.echo(problem.message)
    if problems:
        raise typer.Exit(REFUSED)
    typer.echo("no problem found")


@app.command()
def path(ctx: typer.Context, library: opt.LibraryFolder = None) -> None:
    """Print the folder of the library.

    Example: cp my_tool.py "$(skillweave library path)/drop/"
    """
    typer.echo(opt.options_of(ctx, library=library).settings().library)

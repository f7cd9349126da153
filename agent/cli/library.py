"""`skillweave library`: the index behind the skills."""

from __future__ import annotations

from typing import Annotated

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
def index(
    ctx: typer.Context,
    server: Annotated[
        str | None, typer.Option(help="URL of a Chroma server (chroma run) to keep it on.")
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="Keep it in the library's folder.")
    ] = False,
    library: opt.LibraryFolder = None,
) -> None:
    """Move the vector index to a Chroma server, or back into the library's folder.

    Example: skillweave library index --server http://127.0.0.1:8000
    """
    if local == (server is not None):
        raise typer.BadParameter("give either --server URL or --local")
    with opt.options_of(ctx, library=library).open_library() as lib:
        report = lib.move_index(server)
    where = f"on {server}" if server else "in the folder"
    typer.echo(f"{report.views} views of {report.skills} skills now lie {where}")


@app.command()
def ledger(
    ctx: typer.Context,
    server: Annotated[
        str | None, typer.Option(help="URL of a PostgreSQL database, without a password.")
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="Keep it in the library's folder.")
    ] = False,
    library: opt.LibraryFolder = None,
) -> None:
    """Move the ledger to a PostgreSQL database, or back into the library's folder.

    Passwords are taken from PGPASSWORD or ~/.pgpass.

    Example: skillweave library ledger --server postgresql://me@db.example/skills
    """
    from skillweave.store.ledgers import move_ledger

    if local == (server is not None):
        raise typer.BadParameter("give either --server URL or --local")
    count = move_ledger(opt.options_of(ctx, library=library).settings().library, server)
    typer.echo(f"{count} events now lie {f'on {server}' if server else 'in the folder'}")


@app.command()
def doctor(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    library: opt.LibraryFolder = None,
) -> None:
    """Find near-duplicates, shadowed and unused skills, broken requirements, adapters of other bases.

    Nothing is changed; each line says what could be done. Exit code 2 when there is one.

    Example: skillweave library doctor
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.errors import REFUSED
    from skillweave.agent.cli.skills import print_json
    from skillweave.agent.cli.start import phases
    from skillweave.agent.serving.weights import NANO, weights_hash

    options = opt.options_of(ctx, library=library)
    with phases(open_console(stderr=True)) as view:
        view.enter("examining the skills")
        with options.open_library() as lib:
            own_model = options.settings().model == "nano"
            found = lib.diagnose([weights_hash(NANO)] if own_model else [])
    if json:
        print_json([one.model_dump(mode="json") for one in found])
    for one in () if json else found:
        typer.echo(f"{one.skill}: {one.ailment}: {one.detail}\n  {one.remedy}")
    if found:
        raise typer.Exit(REFUSED)
    typer.echo("no ailment found", err=json)


@app.command()
def tune(ctx: typer.Context, library: opt.LibraryFolder = None) -> None:
    """Train the re-ranker on requests that skills solved or give as examples; keep it if it is better.

    Example: skillweave library tune
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.start import phases

    options = opt.options_of(ctx, library=library)
    with phases(open_console(stderr=True)) as view:
        view.enter("training the re-ranker")
        with options.open_library() as lib:
            report = lib.learn_ranking()
    typer.echo(f"{report.requests} requests of {report.skills} skills")
    if report.judged:
        rates = f"{report.before:.1%} without it, {report.after:.1%} with it"
        kept = "kept" if report.kept else "not kept"
        typer.echo(f"right skill first for {rates} (of {report.judged} held out): {kept}")
    else:
        typer.echo("too few to train on")


@app.command()
def path(ctx: typer.Context, library: opt.LibraryFolder = None) -> None:
    """Print the folder of the library.

    Example: cp my_tool.py "$(skillweave library path)/drop/"
    """
    typer.echo(opt.options_of(ctx, library=library).settings().library)

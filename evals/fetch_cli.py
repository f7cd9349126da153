"""``skillweave eval fetch``: only wiring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from skillweave.skills.errors import UserError


def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of collections; of none, the list of all.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            file_okay=False,
            help="Folder to put them into; else SKILLWEAVE_DATA, else ~/.skillweave/data.",
        ),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A server that has the files as URL/NAME/FILE."),
    ] = None,
) -> None:
    """Fetch public data from its repository, check every file's hash, and show the licence.

    Example: skillweave eval fetch bfcl scan
    """  # fmt: skip
    from skillweave.evals.fetch import fetch as fetched
    from skillweave.evals.fetch import load_sources
    from skillweave.evals.sources import target_folder

    sources = load_sources()
    if not names:
        for one in sources.values():
            typer.echo(f"{one.name}: {one.about}")
            typer.echo(f"  {one.repository} at {one.commit[:12]}, licence {one.licence}")
        return
    unknown = [name for name in names if name not in sources]
    if unknown:
        raise UserError(f"there are no data {unknown[0]!r}; there are {', '.join(sources)}")
    folder = target_folder(data)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    for one in (sources[name] for name in dict.fromkeys(names)):
        origin = f"{one.repository} at {one.commit[:12]}"
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
            line = bar.add_task(one.name, total=len(one.files))

            def show(file: str, what: str) -> None:
                bar.update(line, advance=1, description=f"{what} {file[-44:]}")  # noqa: B023

            found = fetched(one, folder, mirror=mirror, on_file=show)
        typer.echo(
            f"{one.name}: {found.fetched} files fetched, {found.present} already there, from "
            f"{origin}, to {found.folder}"
        )
        first = next((text.strip() for text in found.licence.splitlines() if text.strip()), "")
        typer.echo(f"  licence {one.licence} ({first}); read {found.folder / 'LICENSE'}")

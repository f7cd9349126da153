"""``skillweave eval scan``: only wiring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def scan(
    data: Annotated[
        Path | None,
        typer.Option("--data", file_okay=False, help="Folder of public data; or SKILLWEAVE_DATA."),
    ] = None,
    control: Annotated[
        bool,
        typer.Option("--control", help="Train the network without skills too; this takes minutes."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="Write here instead of to the terminal."),
    ] = None,
) -> None:
    """Learn SCAN's four splits from their train files and run all test commands on the learned skills.

    `skillweave eval run scan` puts a part of them to the whole agent, with controls.

    Example: skillweave eval scan --control --out evals/figures/scan.json
    """
    from skillweave.agent.settings import Settings
    from skillweave.evals.cli import progress, write
    from skillweave.evals.machine import this_machine
    from skillweave.evals.sources import data_folder
    from skillweave.evals.suites.scan_figures import run_scan
    from skillweave.skills.sandbox import Sandbox

    machine = this_machine()
    networks = Settings.load().state_dir / "evals" if control else None
    with Sandbox.open(workers=1) as sandbox, progress() as bar:
        line = bar.add_task("learning", total=4)

        def show(told: str) -> None:
            bar.update(line, advance=1, description=told)

        found = run_scan(
            data_folder(data),
            sandbox,
            machine=machine,
            command=f"skillweave eval scan{' --control' if control else ''}",
            on_split=show,
            networks=networks,
        )
    write(found, out)
    for one in found.splits:
        typer.echo(f"{one.split}: {one.test.count} of {one.test.of} right", err=True)

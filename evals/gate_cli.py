"""``skillweave eval gate``: only wiring."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer


def gate(
    number: Annotated[
        int, typer.Option("-n", min=8, help="Sound candidates in each half, and as many faulty.")
    ] = 100,
    seed: Annotated[int, typer.Option(help="Of the half the gate was developed on.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="Write here instead of to the terminal."),
    ] = None,
) -> None:
    """Put candidates of known quality to the gate: how many of the faulty, and of the sound, pass?

    Example: skillweave eval gate --out evals/figures/gate.json
    """
    from skillweave.evals.cli import progress, write
    from skillweave.evals.gate import run_gate
    from skillweave.evals.machine import this_machine
    from skillweave.skills.sandbox import Sandbox
    from skillweave.store.library import Library

    machine = this_machine()
    with (
        tempfile.TemporaryDirectory() as folder,
        progress() as bar,
        Library(folder) as library,
        Sandbox.open(workers=1) as sandbox,
    ):
        line = bar.add_task("making candidates", total=4 * number + min(number, 40))
        found = run_gate(
            library,
            sandbox,
            number=number,
            seed=seed,
            machine=machine,
            command=f"skillweave eval gate -n {number} --seed {seed}",
            on_judged=lambda text: bar.update(line, advance=1, description=text[:40]),
        )
    write(found, out)
    report = found.report
    for what, part in (
        ("sound admitted", report.sound_admitted),
        ("faulty kept out", report.faulty_kept_out),
    ):
        told = f"{part.count} of {part.of} ({part.low:.1%} to {part.high:.1%})"
        typer.echo(f"{what}: {told}", err=True)

"""`skillweave skills promote`: text or adapter, whichever measures better."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillweave.agent.cli import options as opt


def promote(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="An experience, or a guide, with cases.")],
    cases: Annotated[
        Path | None,
        typer.Option(
            "--cases",
            exists=True,
            dir_okay=False,
            help='Lines {"input": "...", "expected": "..."}, in place of its own.',
        ),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Steps of training at most.")] = 400,
    seed: Annotated[int, typer.Option(help="Decides which cases are kept back.")] = 0,
    model: opt.Model = None,
    library: opt.LibraryFolder = None,
) -> None:
    """Train an adapter from a text's cases, measure both forms, and keep the one that wins.

    On the cases kept back: without either, with the text in the prompt, with the adapter, with both,
    and with another adapter. Where the text wins, an adapter made of it before is put away again.
    nano reads no text beside its task, so for nano only the adapter can win.

    Example: skillweave skills promote write-politely --model ./my-model
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.teaching import following, read_cases
    from skillweave.agent.growth.promote_skill import promote as promote_skill
    from skillweave.agent.growth.teach import Limits
    from skillweave.agent.growth.teach_base import base_of

    options = opt.options_of(ctx, model=model, library=library)
    base = base_of(options.settings().model)
    given = read_cases(cases) if cases is not None else ()
    with options.open_library() as lib, following(open_console(stderr=True)) as told:
        found = promote_skill(
            name, lib, base, cases=given, limits=Limits(steps=steps), seed=seed, on_progress=told
        )
    typer.echo(found.decision.line())
    if found.added is not None:
        typer.echo(f"+ {found.added.versioned_name} (adapter)")
    for one in found.archived:
        typer.echo(f"archived {one}; skillweave skills restore {one} brings it back")

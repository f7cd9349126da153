"""``skillweave eval twx``: only wiring."""

from __future__ import annotations

from typing import Annotated

import typer


def twx(
    game: Annotated[
        list[str] | None, typer.Option(help="Only this game; may be repeated; all if none.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Of the train fold, from 0 on; of each setting.")
    ] = None,
) -> None:
    """Train nano's adapters for the games of TextWorldExpress, which `skillweave eval run twx` needs.

    They are kept under ~/.skillweave for nano's present weights. This takes some minutes of one core.

    Example: skillweave eval twx
    """
    import torch

    from skillweave.evals.cli import progress
    from skillweave.evals.suites.twx_games import GAMES, missing
    from skillweave.evals.suites.twx_skills import home, train_all
    from skillweave.skills.errors import UserError

    unknown = [name for name in game or () if name not in GAMES]
    if unknown:
        raise UserError(f"there is no game {unknown[0]!r}; there are {', '.join(GAMES)}")
    if why := missing():
        raise UserError(why)
    torch.set_num_threads(1)
    with progress() as bar:
        line = bar.add_task("starting", total=1.0)
        train_all(
            home(),
            game or GAMES,
            seeds=None if seeds is None else range(seeds),
            tell=lambda told, done: bar.update(line, completed=done, description=told),
        )
    typer.echo(f"written to {home()}", err=True)

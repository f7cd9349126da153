"""The options that every command shares, and how they become settings, a library, an agent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from skillweave.agent.settings import Settings
    from skillweave.store.library import Library

Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="nano, ORG/NAME, PROVIDER:NAME or the URL of a server."),
]
LibraryFolder = Annotated[
    Path | None, typer.Option("--library", help="The folder of skills.", file_okay=False)
]
Config = Annotated[
    Path | None, typer.Option("--config", help="A TOML file of settings.", dir_okay=False)
]


@dataclass(frozen=True)
class Options:
    """What was given before or behind the command's name; the latter wins."""

    model: str | None = None
    library: Path | None = None
    config: Path | None = None

    def settings(self, **more: object) -> Settings:
        """Options, then ``SKILLWEAVE_*`` variables, then the configuration file, then defaults."""
        from skillweave.agent.settings import Settings

        return Settings.load(self.config, model=self.model, library=self.library, **more)

    def open_library(self) -> Library:
        """The library these options name; a context manager."""
        from skillweave.store.library import Library

        return Library(self.settings().library)


def options_of(
    ctx: typer.Context,
    *,
    model: str | None = None,
    library: Path | None = None,
) -> Options:
    """The options of the whole command line: those of the command over the global ones."""
    options = ctx.obj if isinstance(ctx.obj, Options) else Options()
    return Options(
        model=model or options.model,
        library=library or options.library,
        config=options.config,
    )

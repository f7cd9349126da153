"""The command ``skillweave``: only wiring. What is heavy is imported by the command that needs it."""

from __future__ import annotations

import typer

from skillweave.agent.cli import (
    chat,
    distilling,
    doctor,
    library,
    nano,
    practising,
    promoting,
    review,
    revising,
    run,
    searching,
    serve,
    skills,
    teaching,
    versions,
    writing,
)
from skillweave.agent.cli import options as opt
from skillweave.agent.cli.plugins import RootGroup
from skillweave.agent.cli.version import version

app = typer.Typer(
    name="skillweave",
    cls=RootGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(chat.chat)
app.command()(run.run)
for command in (
    versions.versions,
    versions.diff,
    versions.rollback,
    versions.export,
    searching.find_by_example,
    searching.mine,
    promoting.promote,
    writing.write,
    distilling.distil,
    revising.revise,
    revising.repair,
):
    skills.app.command()(command)
app.add_typer(skills.app, name="skills")
app.add_typer(library.app, name="library")
app.command()(teaching.teach)
app.command()(review.review)
app.command()(practising.practise)
app.command()(serve.serve)
app.command()(doctor.doctor)
app.add_typer(nano.app, name="nano")


@app.callback()
def root(
    ctx: typer.Context,
    model: opt.Model = None,
    library: opt.LibraryFolder = None,
    config: opt.Config = None,
) -> None:
    """An agent whose skills grow: code, experience and LoRA weights in one library.

    --model and --library may also stand behind the name of a command. Every
    setting can come from a SKILLWEAVE_* variable, or from the file
    ~/.config/skillweave/config.toml.

    Example: skillweave run "the median of 4, 8 and 15, times 3"
    """
    ctx.obj = opt.Options(model=model, library=library, config=config)


@app.command("version")
def show_version() -> None:
    """Print the version.

    Example: skillweave version
    """
    typer.echo(f"skillweave {version()}")


def main() -> None:
    """The console script."""
    app()

"""`skillweave teach` and ``/teach``: an adapter from a file of examples."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillweave.agent.cli import options as opt
from skillweave.skills.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from skillweave.agent.cli.chat_session import Session
    from skillweave.agent.growth.teach import Lesson, OnProgress, Progress
    from skillweave.agent.growth.teach_job import Teaching
    from skillweave.agent.growth.teach_skill import Taught
    from skillweave.skills.model import Case

USAGE = "/teach NAME EXAMPLES.jsonl [WHAT IT DOES]"
HELP = "train an adapter on the examples; the chat goes on meanwhile"


def teach(  # noqa: PLR0913 - the options of a command
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The name of the new skill.")],
    examples: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help='Lines {"input": "...", "expected": "..."}.'
        ),
    ],
    does: Annotated[
        str, typer.Option("--does", "-d", help="What it does, in a sentence; it is found by this.")
    ] = "",
    request: Annotated[
        list[str] | None,
        typer.Option("--request", "-r", help="A request as people word it; may be repeated."),
    ] = None,
    start: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="none|nearest|MIX",
            help="Begin from the base, from the nearest adapters if they help, or from a mix.",
        ),
    ] = "none",
    steps: Annotated[int, typer.Option(min=1, help="Steps of training at most.")] = 400,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds of training at most.")] = 150,
    seed: Annotated[int, typer.Option(help="Decides which examples are kept back.")] = 0,
    model: opt.Model = None,
    library: opt.LibraryFolder = None,
) -> None:
    """Train an adapter for the model on examples, and admit it if it is right on those kept back.

    A quarter of the examples is kept back for the gate, some more decide when to stop. A running
    chat or server of the same library can use the skill at once.

    Example: skillweave teach tone examples.jsonl --does "Tell formal from casual messages"
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.growth.teach import Limits
    from skillweave.agent.growth.teach_job import Teaching

    settings = opt.options_of(ctx, model=model, library=library).settings()
    lesson = read_lesson(name, examples, does, tuple(request or ()), start=start, seed=seed)
    with following(open_console(stderr=True)) as told:
        limits = Limits(steps=steps, seconds=seconds)
        teaching = Teaching(
            lesson, settings.library, settings.model, limits=limits, on_progress=told
        )
        taught = _waited(teaching)
    typer.echo(_headline(taught))
    typer.echo(taught.line(), err=True)


def teach_in_chat(session: Session, argument: str) -> None:
    """``/teach``: at a terminal the chat goes on; in a pipe the next line waits for the skill."""
    from rich.text import Text

    from skillweave.agent.growth.teach_job import Teaching

    name, _, rest = argument.partition(" ")
    file, _, does = rest.strip().partition(" ")
    if not file:
        raise UserError(f"say how it is to be called, and where the examples are: {USAGE}")
    lesson = read_lesson(name, Path(file), does.strip())
    settings, console = session.agent.settings, session.console

    def tell(ended: Teaching) -> None:
        try:
            taught = ended.result()
        except UserError as error:
            console.print(Text(f"error: {error}", "red"), soft_wrap=True)
            return
        session.agent.library.sync()
        console.print(Text(_headline(taught), "green"), soft_wrap=True)
        console.print(Text(taught.line(), "dim"), soft_wrap=True)

    root = session.agent.library.root
    if console.is_terminal:
        Teaching(lesson, root, settings.model, on_end=tell)
        console.print(Text(f"{name} is being taught; a line says when it is ready", "dim"))
        return
    with following(console) as told:
        teaching = Teaching(lesson, root, settings.model, on_progress=told)
        _waited(teaching)
    tell(teaching)


def read_lesson(
    name: str,
    file: Path,
    does: str = "",
    requests: tuple[str, ...] = (),
    *,
    start: str = "none",
    seed: int = 0,
) -> Lesson:
    """The examples of a file, as a lesson."""
    from skillweave.agent.growth.teach import Lesson

    return Lesson(
        name=name,
        examples=read_cases(file),
        description=does,
        requests=requests,
        start=start,
        seed=seed,
    )


def read_cases(file: Path) -> tuple[Case, ...]:
    """The examples of a file."""
    from skillweave.skills.caselines import parse_cases
    from skillweave.skills.files import read_text

    path = file.expanduser()
    if not path.is_file():
        raise UserError(f"there is no file {file}")
    return parse_cases(read_text(path, file=path), path)


def _headline(taught: Taught) -> str:
    name = taught.skill.versioned_name
    if taught.verdict.decision == "approval":
        return f"{name} waits for approval: skillweave review {taught.skill.name}"
    return f"+ {name} (adapter), on probation"


def _waited(teaching: Teaching) -> Taught:
    try:
        return teaching.result()
    except KeyboardInterrupt:
        teaching.cancel()
        raise


@contextmanager
def following(console: Console) -> Iterator[OnProgress]:
    """A line that follows the training; in a pipe one line for each phase."""
    if console.is_terminal:
        with console.status("starting") as status:
            yield lambda at: status.update(at.line())
        return
    phases: list[str] = []

    def say(at: Progress) -> None:
        if at.phase not in phases:
            phases.append(at.phase)
            console.print(at.phase, style="dim")

    yield say

"""`skillweave skills find-by-example` and `skillweave skills mine`: skills out of examples and runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from skillweave.agent.cli import options as opt
from skillweave.agent.cli.errors import UNSOLVED, complain
from skillweave.skills.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from skillweave.agent.cli.chat_session import Session
    from skillweave.agent.growth.search import Limit, Outcome, Progress
    from skillweave.agent.growth.search_skill import Wanted
    from skillweave.agent.settings import Settings
    from skillweave.skills.model import Skill
    from skillweave.store.library import Library

USAGE = "/search NAME EXAMPLES.jsonl [WHAT IT DOES]"
HELP = "find a skill that gives what the examples show"


class Found(NamedTuple):
    """A skill that a search found, and what the search came to."""

    skill: Skill
    outcome: Outcome

    @property
    def text(self) -> str:
        """The calls it makes."""
        return self.outcome.program.text() if self.outcome.program is not None else ""

    @property
    def cost(self) -> str:
        """One line about the search."""
        tried = f"{self.outcome.nodes:,} calls tried in {self.outcome.seconds:.1f} s"
        return f"{tried}; {self.outcome.rejected} programs refused that fitted by chance"


def find_by_example(
    ctx: typer.Context,
    examples: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help='Lines {"arguments": {...}, "expected": ...}.'
        ),
    ],
    name: Annotated[str, typer.Option("--name", "-n", help="The name of the new skill.")],
    request: Annotated[
        str, typer.Option("--request", "-r", help="What it does; constants are taken from here.")
    ] = "",
    nodes: Annotated[int, typer.Option(min=1, help="Calls to try at most.")] = 500_000,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds to search at most.")] = 60,
    steps: Annotated[int, typer.Option(min=1, help="Calls the skill may make.")] = 4,
    library: opt.LibraryFolder = None,
) -> None:
    """Find a skill by examples of what it gives, built from the tools of the library.

    A third of the examples is kept back: what fits the others by chance is refused.

    Example: skillweave skills find-by-example examples.jsonl --name initials-backwards
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.growth.search import Limit
    from skillweave.agent.growth.search_skill import NotFoundError

    options = opt.options_of(ctx, library=library)
    limit = Limit(nodes=nodes, seconds=seconds, steps=steps)
    with options.open_library() as lib:
        try:
            wanted = read_wanted(name, examples, request)
            found = find(wanted, lib, options.settings(), open_console(stderr=True), limit)
        except NotFoundError as error:
            complain(str(error))
            raise typer.Exit(UNSOLVED) from None
    typer.echo(f"+ {found.skill.versioned_name}: {found.text}")
    typer.echo(found.cost, err=True)


def mine(
    ctx: typer.Context,
    add: Annotated[bool, typer.Option("--add", help="Add them as candidates.")] = False,
    support: Annotated[int, typer.Option(min=2, help="Least number of occurrences.")] = 3,
    library: opt.LibraryFolder = None,
) -> None:
    """List the parts that recur over the verified runs; with --add they become candidates.

    Example: skillweave skills mine --add
    """
    from skillweave.agent.growth.fragments import mine as mine_fragments
    from skillweave.agent.growth.fragments_offer import offer
    from skillweave.agent.growth.fragments_traces import read_episodes
    from skillweave.agent.growth.search_skill import library_tools
    from skillweave.skills.sandbox import Sandbox

    options = opt.options_of(ctx, library=library)
    with options.open_library() as lib:
        tools = library_tools(lib)
        signatures = {name: tool.signature for name, tool in tools.items()}
        episodes = list(read_episodes(options.settings().state_dir, signatures.get))
        fragments = mine_fragments(episodes, least_support=support)
        for fragment in fragments:
            typer.echo(f"{len(fragment.runs)} runs  {fragment.name}: {fragment.program.text()}")
        typer.echo(f"{len(fragments)} fragments recur in {len(episodes)} runs", err=True)
        if not add or not fragments:
            return
        with Sandbox.open(workers=1) as sandbox:
            offered = offer(fragments, tools, lib, sandbox)
    for skill in offered.added:
        typer.echo(f"+ {skill.versioned_name} (candidate)")
    for refused in offered.refused:
        typer.secho(f"{refused.fragment}: {refused.reason}", fg="yellow", err=True)


def search_in_chat(session: Session, argument: str) -> None:
    """``/search``: as the command, with the library of the chat."""
    from rich.text import Text

    from skillweave.agent.growth.search import Limit

    name, _, rest = argument.partition(" ")
    file, _, request = rest.strip().partition(" ")
    if not file:
        raise UserError(f"say how it is to be called, and where the examples are: {USAGE}")
    wanted = read_wanted(name, Path(file), request.strip())
    found = find(wanted, session.agent.library, session.agent.settings, session.console, Limit())
    session.console.print(Text(f"+ {found.skill.versioned_name}: {found.text}", "green"))
    session.console.print(Text(found.cost, "dim"))


def read_wanted(name: str, file: Path, request: str = "") -> Wanted:
    """The examples of a file."""
    from skillweave.agent.growth.search_skill import Wanted
    from skillweave.skills.caselines import parse_cases
    from skillweave.skills.files import read_text
    from skillweave.skills.names import NAME_RULE, is_name

    if not is_name(name):
        raise UserError(f"{name!r} cannot be the name of a skill; {NAME_RULE}")
    path = file.expanduser()
    if not path.is_file():
        raise UserError(f"there is no file {file}")
    cases = parse_cases(read_text(path, file=path), path)
    return Wanted(name=name, examples=cases, request=request)


def find(
    wanted: Wanted, library: Library, settings: Settings, console: Console, limit: Limit
) -> Found:
    """Search with a line of progress; no model is asked, and none is started."""
    from skillweave.agent.growth.search_skill import find_skill
    from skillweave.agent.parts import Given, open_parts
    from skillweave.agent.scripted import ScriptedModel
    from skillweave.agent.trace import Trace

    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{wanted.name}"
    given = Given(library=library, model=ScriptedModel(()))
    with ExitStack() as stack, _progress(console) as told:
        parts = open_parts(given, settings, None, stack)
        trace = stack.enter_context(Trace(settings.state_dir / "searches" / f"{stamp}.jsonl"))
        skill, outcome = asyncio.run(find_skill(wanted, parts.deps(trace), limit, told.show))
    return Found(skill, outcome)


class _Told:
    """One line on the terminal that follows the search."""

    def __init__(self, console: Console) -> None:
        self.status = console.status("searching")

    def show(self, progress: Progress) -> None:
        self.status.update(
            f"{progress.phase}, {progress.steps} calls deep: {progress.nodes:,} tried, "
            f"{progress.kept:,} different, {progress.seconds:.0f} s"
        )


@contextmanager
def _progress(console: Console) -> Iterator[_Told]:
    told = _Told(console)
    with told.status:
        yield told


app = typer.Typer(no_args_is_help=True, add_completion=False, help="Skills by example.")
app.command("find-by-example")(find_by_example)
app.command("mine")(mine)

"""`skillweave skills write` and ``/write``: the chat model writes a tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillweave.agent.cli import options as opt
from skillweave.agent.cli.errors import UNSOLVED, complain
from skillweave.skills.errors import UserError

if TYPE_CHECKING:
    from skillweave.agent.cli.chat_session import Session
    from skillweave.agent.growth.verdict import Verdict
    from skillweave.agent.growth.write_skill import Outcome
    from skillweave.skills.model import Case

USAGE = "/write [WHAT IT IS FOR]"
HELP = "let the model write a tool, for these words or for the last request"


def write(
    ctx: typer.Context,
    request: Annotated[str, typer.Argument(help="What the tool is wanted for.")] = "",
    name: Annotated[str, typer.Option("--name", "-n", help="Name of the new skill.")] = "",
    examples: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help='Lines {"arguments": {...}, "expected": ...}.'
        ),
    ] = None,
    run: Annotated[
        str, typer.Option("--run", metavar="ID", help="A run that failed: tell what was tried.")
    ] = "",
    even_nano: Annotated[
        bool, typer.Option("--even-nano", help="Also ask nano, which cannot write code.")
    ] = False,
    model: opt.Model = None,
    library: opt.LibraryFolder = None,
) -> None:
    """Let a model write a tool, test it in the sandbox and put it to the gate.

    With --examples a third of them is kept back for the gate. Written code is
    used only after `skillweave review` approved it.

    Example: skillweave skills write "swap two words" --examples swaps.jsonl -m openai:gpt-5-mini
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.start import open_agent
    from skillweave.agent.growth.write import NotWrittenError

    if not request and not run:
        raise typer.BadParameter("say what the tool is wanted for, or name a --run that failed")
    cases = read_examples(examples) if examples is not None else ()
    console = open_console(stderr=True)
    options = opt.options_of(ctx, model=model, library=library)
    with open_agent(options, console) as agent, console.status("writing") as status:
        try:
            outcome = agent.grow.write(
                request,
                name=name,
                examples=cases,
                run=run,
                even_nano=even_nano,
                on_phase=lambda phase, asked: status.update(f"{phase} (question {asked + 1})"),
            )
        except NotWrittenError as error:
            complain(str(error))
            raise typer.Exit(UNSOLVED) from None
    for line in lines_of(outcome):
        typer.echo(line)
    if outcome.verdict.decision == "refused":
        raise typer.Exit(UNSOLVED)


def write_in_chat(session: Session, argument: str) -> None:
    """``/write``: for the words given, or for the last request, telling what failed."""
    from rich.text import Text

    last = session.last
    if not argument and last is None:
        raise UserError(f"say what the tool is wanted for: {USAGE}")
    run = last.run if last is not None and not argument else ""
    with session.console.status("writing") as status:
        outcome = session.agent.grow.write(
            argument,
            run=run,
            on_phase=lambda phase, asked: status.update(f"{phase} (question {asked + 1})"),
        )
    for line in lines_of(outcome):
        session.console.print(Text(line), soft_wrap=True)


def lines_of(outcome: Outcome) -> list[str]:
    """What a person is told."""
    written = outcome.written
    cost = f"{written.questions} questions, {written.tokens} tokens"
    held = f"{len(written.cases)} cases hold, {len(written.checked)} of them by description"
    return [*verdict_lines(outcome.skill, outcome.verdict), f"{cost}; {held}"]


def verdict_lines(skill: str, verdict: Verdict) -> list[str]:
    """The gate's word, and what to do next."""
    match verdict.decision:
        case "probation":
            return [f"+ {skill}, on probation"]
        case "approval":
            told = f"{skill} waits for approval: {verdict.reason}"
            return [told, f"skillweave review {skill}"]
        case "merge":
            return [f"not added: {verdict.reason}"]
    return [f"refused by the gate: {verdict.reason}"]


def read_examples(file: Path) -> tuple[Case, ...]:
    """The examples of a file."""
    from skillweave.skills.caselines import parse_cases
    from skillweave.skills.files import read_text

    return parse_cases(read_text(file, file=file), file)

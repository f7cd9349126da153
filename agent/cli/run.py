"""`skillweave run`: one task in, one answer out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skillweave.agent.cli import options as opt
from skillweave.agent.cli.errors import UNSOLVED
from skillweave.skills.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from skillweave.agent.api import Agent
    from skillweave.agent.result import Result


def run(
    ctx: typer.Context,
    task: Annotated[str | None, typer.Argument(help="The task in everyday English.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the whole result as JSON.")] = False,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume", metavar="ID", help="Go on with a run that was cut off (or: last)."
        ),
    ] = None,
    skill: Annotated[
        list[str] | None,
        typer.Option("--skill", metavar="NAME", help="Use this skill (repeatable)."),
    ] = None,
    trace: Annotated[
        bool, typer.Option("--trace", help="Explain every step and name the trace file.")
    ] = False,
    model: opt.Model = None,
    library: opt.LibraryFolder = None,
) -> None:
    """Do one task and print the answer.

    The answer goes to stdout, progress to stderr. Exit code 3 means that the
    agent declined or failed.

    Example: skillweave run "how many words are in 'to be or not to be', times 7"
    """
    if (task is None) == (resume is None):
        raise typer.BadParameter("give a task, or --resume ID of an earlier run (not both)")

    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.render import follow, print_answer
    from skillweave.agent.cli.start import open_agent

    options = opt.options_of(ctx, model=model, library=library)
    progress = open_console(stderr=True)
    with open_agent(options, progress) as agent:
        try:
            if resume is not None:
                result = _resumed(agent, resume, progress)
            else:
                events = agent.stream(task or "", skills=tuple(skill or ()))
                result = follow(events, progress, live=progress.is_terminal)
        except KeyboardInterrupt:
            _say_how_to_go_on(agent, progress)
            raise
        if trace:
            _explain(result, progress, options)
    if json:
        typer.echo(result.model_dump_json(indent=2))
    else:
        print_answer(result, open_console())
    if result.outcome in ("declined", "failed"):
        raise typer.Exit(UNSOLVED)


def _resumed(agent: Agent, run: str, console: Console) -> Result:
    if run == "last":
        latest = agent.runs(1)
        if not latest:
            raise UserError("there is no run to go on with")
        run = latest[0].id
    with console.status("resuming"):
        return agent.resume(run)


def _say_how_to_go_on(agent: Agent, console: Console) -> None:
    for run in agent.runs(1):
        console.print(f"to go on: skillweave run --resume {run.id}", soft_wrap=True)


def _explain(result: Result, console: Console, options: opt.Options) -> None:
    from skillweave.agent.cli.explain import plan_view, why_view
    from skillweave.agent.cli.traces import candidates_of, trace_file

    state_dir = options.settings().state_dir
    if result.plan is not None:
        console.print(plan_view(result.plan, result.steps))
    console.print(why_view(result, candidates_of(state_dir, result.run)))
    console.print(f"run: {result.run}", highlight=False)
    console.print(f"trace: {trace_file(state_dir, result.run)}", highlight=False, soft_wrap=True)

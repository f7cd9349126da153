"""`skillweave chat`: a conversation, turn by turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from skillweave.agent.cli import options as opt

if TYPE_CHECKING:
    from skillweave.agent.cli.chat_input import Reader
    from skillweave.agent.cli.chat_session import Session


def chat(
    ctx: typer.Context,
    model: opt.Model = None,
    library: opt.LibraryFolder = None,
) -> None:
    """Talk with the agent; files dropped into the library are usable at once.

    /help lists the commands of the chat. Alt-Enter, or a backslash at the end
    of a line, goes on in the next one. Ctrl-C cancels a turn, Ctrl-D ends the
    chat. Requests can also be piped in, one a line.

    Example: skillweave chat --model nano
    """
    from skillweave.agent.cli.chat_input import open_reader
    from skillweave.agent.cli.chat_session import Session
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.start import open_agent
    from skillweave.agent.cli.watching import watching

    options = opt.options_of(ctx, model=model, library=library)
    state_dir = options.settings().state_dir
    console = open_console()
    reader = open_reader(state_dir / "chat-history")
    with open_agent(options, console) as agent, watching(agent, console):
        session = Session(agent, console, state_dir)
        session.greet()
        converse(session, reader)


def converse(session: Session, reader: Reader) -> None:
    """Read, act, until the end of the input or /quit."""
    while not session.over:
        try:
            request = reader.read()
        except KeyboardInterrupt:
            continue  # Ctrl-C at the prompt drops the line, as in a shell
        if request is None:
            return
        session.turn(request)

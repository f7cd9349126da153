"""`skillweave serve`: the model server in the foreground."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from skillweave.agent.cli import options as opt
from skillweave.skills.errors import ServerError, SettingsError, UserError

if TYPE_CHECKING:
    from skillweave.agent.serving.spec import ServerSpec
    from skillweave.agent.settings import Settings


def serve(
    ctx: typer.Context,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0: a free port.")] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    model: opt.Model = None,
) -> None:
    """Serve the model with an OpenAI-compatible interface until Ctrl-C.

    Chats and runs of this user find the server and share it: they start at
    once. The server has no password: another --host than 127.0.0.1 opens it
    to the network.

    Example: skillweave serve --port 8000
    """
    options = opt.options_of(ctx, model=model)
    settings = options.settings(port=port)
    if ":" in settings.model:
        raise SettingsError(
            f"model = {settings.model!r} is served by others already; "
            "serve takes nano, ORG/NAME or a folder"
        )

    from skillweave.agent.serving.spec import spec_for

    spec = spec_for(settings.model, settings).model_copy(update={"host": host})
    try:
        asyncio.run(_serve(spec, settings))
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo("stopped", err=True)


async def _serve(spec: ServerSpec, settings: Settings) -> None:
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.start import phases
    from skillweave.agent.serving.registry import find_server, shared_server

    running = await find_server(spec, settings)
    if running is not None:
        raise UserError(f"{spec.name} is served already at {running.url} (process {running.pid})")
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with AsyncExitStack() as stack:
        with phases(open_console(stderr=True)) as view:
            view.enter("starting the server")
            serving = shared_server(spec, settings, view.on_phase)
            server = await stack.enter_async_context(serving)
        typer.echo(f"{spec.name} at {server.url}; Ctrl-C stops it, the log is {server.log}")
        await asyncio.to_thread(server.wait)
        raise ServerError(f"the server ended: {server.last_words()}; the log is {server.log}")

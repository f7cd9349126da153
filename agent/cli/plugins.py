"""Commands of other packages, from the entry point group ``skillweave.commands``.

Each entry point yields a `typer.Typer`. It is imported only when its command, or the list of all
commands, is asked for; one that is broken warns in one line and is left out.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from skillweave.agent.cli.errors import first_line, one_line

GROUP = "skillweave.commands"


def plugins() -> dict[str, EntryPoint]:
    """The installed entry points by command name."""
    return {point.name: point for point in entry_points(group=GROUP)}


class RootGroup(TyperGroup):
    """The top-level command: built-in commands first, then those of plugins; errors in one line."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._loaded: dict[str, Any] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        others = sorted(plugins().keys() - set(own))
        return own + [name for name in others if self._plugin(name) is not None]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or self._plugin(cmd_name)

    def invoke(self, ctx: Any) -> Any:
        with one_line():
            return super().invoke(ctx)

    def _plugin(self, name: str) -> Any:
        if name not in self._loaded:
            point = plugins().get(name)
            self._loaded[name] = None if point is None else _load(point)
        return self._loaded[name]


def _load(point: EntryPoint) -> Any:
    """The command behind an entry point; None, with a warning, when it is broken."""
    try:
        app = point.load()
        if not isinstance(app, typer.Typer):
            raise TypeError(f"{point.value} is a {type(app).__name__}, not a typer.Typer")
        command = get_command(app)
    except Exception as error:  # noqa: BLE001 - a broken plugin must not break the command
        line = f"warning: command {point.name!r} is left out: {first_line(error)}"
        typer.secho(line, fg="yellow", err=True)
        return None
    command.name = point.name
    return command

"""The consoles of the command line."""

from __future__ import annotations

from rich.console import Console

PIPE_WIDTH = 300


def open_console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal; into a file or a pipe, lines are not broken at 80."""
    console = Console(stderr=stderr, highlight=False)
    if console.is_terminal:
        return console
    return Console(stderr=stderr, highlight=False, width=PIPE_WIDTH)

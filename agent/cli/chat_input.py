"""Where requests of a chat come from: a person at a terminal, or a pipe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.key_binding import KeyBindings

PROMPT = "> "


class Reader(Protocol):
    """A source of requests."""

    def read(self) -> str | None:
        """The next request, lines joined; None at the end of the input."""
        ...


class LineReader:
    """Requests from a stream, one a line; a backslash at the end of a line joins the next one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def read(self) -> str | None:
        lines: list[str] = []
        for raw in self._stream:
            line = raw.rstrip("\n")
            if not line.endswith("\\"):
                return "\n".join([*lines, line])
            lines.append(line[:-1])
        return "\n".join(lines) if lines else None


class PromptReader:
    """Requests from a person: history, search with Ctrl-R, several lines, completion of commands."""

    def __init__(self, history: Path) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import FileHistory

        history.parent.mkdir(parents=True, exist_ok=True)
        self._session: PromptSession[str] = PromptSession(
            history=FileHistory(str(history)),
            key_bindings=_bindings(),
            completer=_completer(),
            complete_while_typing=False,
            multiline=True,
            prompt_continuation=". ",
        )

    def read(self) -> str | None:
        from prompt_toolkit.patch_stdout import patch_stdout

        try:
            with patch_stdout(raw=True):  # what another thread prints appears above the prompt
                return self._session.prompt(PROMPT)
        except EOFError:
            return None


def open_reader(history: Path) -> Reader:
    """A prompt on a terminal, else lines from stdin."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        return PromptReader(history)
    return LineReader(sys.stdin)


def _bindings() -> KeyBindings:
    """Enter sends, unless the line ends in a backslash; Alt-Enter always begins a new line."""
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    bindings = KeyBindings()

    @bindings.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.text_before_cursor.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @bindings.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return bindings


def _completer() -> Completer:
    from prompt_toolkit.completion import WordCompleter

    from skillweave.agent.cli.chat_commands import COMMANDS

    return WordCompleter([f"/{name}" for name in COMMANDS], sentence=True)

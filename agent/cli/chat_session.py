"""The state of a chat, and what one turn does."""

from __future__ import annotations

import uuid
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from skillweave.agent.cli import chat_commands
from skillweave.agent.cli.errors import first_line
from skillweave.agent.cli.render import follow, print_answer
from skillweave.agent.cli.version import version
from skillweave.skills.errors import SkillweaveError

if TYPE_CHECKING:
    from rich.console import Console

    from skillweave.agent.api import Agent
    from skillweave.agent.result import Result

YES = frozenset({"yes", "yes.", "yes!", "yes please", "y", "yep", "yeah", "ok", "okay", "sure"})
"""What takes the skill that the last answer named as the nearest."""


class Session:
    """One conversation: what was said last, and the skills pinned for the next request."""

    def __init__(self, agent: Agent, console: Console, state_dir: Path) -> None:
        self.agent = agent
        self.console = console
        self.state_dir = state_dir
        self.thread = uuid.uuid4().hex
        self.last: Result | None = None
        self.pinned: tuple[str, ...] = ()
        self.over = False

    def greet(self) -> None:
        """One line for a person; nothing into a pipe."""
        if self.console.is_terminal:
            count = len(self.agent.library.list())
            line = f"skillweave {version()}, {count} skills. /help lists the commands."
            self.console.print(Text(line, "dim"))

    def turn(self, request: str) -> None:
        """A command or a request; an error or Ctrl-C ends the turn and not the chat."""
        request = request.strip()
        if not request:
            return
        try:
            if request.startswith("/"):
                chat_commands.obey(self, request)
            elif self.last is not None and self.last.nearest and request.lower() in YES:
                self.pinned = (*self.pinned, self.last.nearest)
                self._ask(self.last.task)
            else:
                self._ask(request)
        except KeyboardInterrupt:
            self.console.print(Text("cancelled", "yellow"))
        except SkillweaveError as error:
            self.console.print(Text(f"error: {first_line(error)}", "red"), soft_wrap=True)

    def _ask(self, request: str) -> None:
        pinned, self.pinned = self.pinned, ()
        events = self.agent.stream(request, skills=pinned, thread=self.thread)
        with closing(events):
            self.last = follow(events, self.console, live=self.console.is_terminal)
        print_answer(self.last, self.console)

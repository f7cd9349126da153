"""Library, model and agent made ready, with a line that says what takes the time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from skillweave.agent.cli.options import Options
from skillweave.agent.cli.summary import duration

if TYPE_CHECKING:
    from skillweave.agent.api import Agent


class Phases:
    """The phases of a start with their seconds; draws the current one."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.current = ""
        self.model = "model"
        self.shows_model = False
        self.since = self.began
        self.done: list[tuple[str, float]] = []

    def enter(self, name: str) -> None:
        """A new phase begins; the one before is over."""
        now = time.monotonic()
        if name == self.current:
            return
        if self.current:
            self.done.append((self.current, now - self.since))
        self.current, self.since = name, now

    def on_phase(self, name: str, seconds: float) -> None:
        """What `start_model` calls; ``seconds`` is its own clock, ours is shown."""
        self.model = name
        if self.shows_model:
            self.enter(name)

    def show_model(self) -> None:
        """From here on one waits for the model, which has been starting beside the other phases."""
        self.shows_model = True
        self.enter(self.model)

    def line(self) -> str:
        """``ready in 12.1 s (library 1.2 s, loading weights 9.0 s)``, without what took no time."""
        parts = ", ".join(f"{name} {duration(took)}" for name, took in self.done if took >= 0.5)
        total = duration(time.monotonic() - self.began)
        return f"ready in {total}" + (f" ({parts})" if parts else "")

    def __rich__(self) -> Spinner:
        now = time.monotonic()
        text = f"{self.current} {now - self.since:.0f} s"
        if self.done:
            text += f"  (all {now - self.began:.0f} s)"
        return Spinner("dots", Text(text, "dim"))


@contextmanager
def phases(console: Console) -> Iterator[Phases]:
    """Show phases on a terminal while the block runs, then one dim line; silent elsewhere."""
    view = Phases()
    if not console.is_terminal:
        yield view
        return
    with Live(view, console=console, refresh_per_second=8, transient=True):
        yield view
        view.enter("")
    console.print(Text(view.line(), "dim"))


@contextmanager
def open_agent(options: Options, console: Console) -> Iterator[Agent]:
    """The agent with its library and model, closed in reverse order at the end."""
    settings = options.settings()
    with ExitStack() as stack:
        with phases(console) as view:
            view.enter("loading")
            from skillweave.agent.api import Agent
            from skillweave.agent.models import start_model
            from skillweave.store.library import Library

            view.enter("library")
            started = stack.enter_context(start_model(settings.model, settings, view.on_phase))
            library = stack.enter_context(Library(settings.library))
            library.warm_up()
            view.show_model()
            model = started()
            view.enter("agent")
            agent = stack.enter_context(Agent(library=library, model=model, settings=settings))
        yield agent

"""What the commands of growth share: an agent that starts no model where growth asks it nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from skillweave.agent.cli.options import Options

if TYPE_CHECKING:
    from rich.console import Console

    from skillweave.agent.api import Agent


@contextmanager
def open_grower(options: Options, console: Console) -> Iterator[Agent]:
    """The agent of these options; nano can write nothing, so it is not started to be asked."""
    from skillweave.agent.api import Agent
    from skillweave.agent.cli import start
    from skillweave.agent.scripted import ScriptedModel

    settings = options.settings()
    if settings.model != "nano":
        with start.open_agent(options, console) as agent:
            yield agent
        return
    with ExitStack() as stack:
        library = stack.enter_context(options.open_library())
        model = ScriptedModel((), name="nano")
        yield stack.enter_context(Agent(library=library, model=model, settings=settings))

"""Files dropped into the library while a chat runs, reported in one line each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from skillweave.agent.api import Agent
from skillweave.store.intake import Admitted, Notice


@contextmanager
def watching(agent: Agent, console: Console) -> Iterator[None]:
    """While the block runs, new skills and bad files are printed as they come."""

    def tell(notice: Notice) -> None:
        for line in notice_lines(notice):
            console.print(line, soft_wrap=True)

    with agent.watch(tell):
        yield


def notice_lines(notice: Notice) -> list[Text]:
    """``+ skill name`` for every skill; one line for what is wrong with a file."""
    if not isinstance(notice, Admitted):
        return [Text(f"! {notice.message}", "red")]
    added = [Text(f"+ {skill.kind} {skill.name}", "green") for skill in notice.skills]
    return added + [Text(f"  {warning}", "yellow") for warning in notice.warnings]

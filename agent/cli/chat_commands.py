"""The chat's own commands: ``/name argument``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from skillweave.agent.cli import distilling, searching, teaching, writing
from skillweave.agent.cli.explain import plan_view, why_view
from skillweave.agent.cli.traces import candidates_of
from skillweave.skills.errors import UserError

if TYPE_CHECKING:
    from skillweave.agent.cli.chat_session import Session
    from skillweave.agent.result import Result

Act = Callable[["Session", str], None]


@dataclass(frozen=True)
class Command:
    usage: str
    help: str
    act: Act


def obey(session: Session, line: str) -> None:
    """Do what a line that begins with ``/`` says."""
    name, _, argument = line.removeprefix("/").partition(" ")
    known = COMMANDS.get(name)
    if known is None:
        raise UserError(f"there is no command /{name}; /help lists them")
    known.act(session, argument.strip())


def _help(session: Session, argument: str) -> None:
    table = Table.grid(padding=(0, 2))
    for known in COMMANDS.values():
        table.add_row(Text(known.usage, "cyan"), Text(known.help))
    session.console.print(table)


def _skills(session: Session, argument: str) -> None:
    from skillweave.agent.cli.tables import hits_table, skills_table

    library = session.agent.library
    if argument:
        session.console.print(hits_table(library.search(argument, k=10)))
    else:
        session.console.print(skills_table(library.entries()))


def _plan(session: Session, argument: str) -> None:
    result = _last(session)
    if result.plan is None:
        raise UserError("the last turn needed no plan")
    session.console.print(plan_view(result.plan, result.steps))


def _why(session: Session, argument: str) -> None:
    result = _last(session)
    session.console.print(why_view(result, candidates_of(session.state_dir, result.run)))


def _save(session: Session, argument: str) -> None:
    if not argument:
        raise UserError("give the skill a name: /save word-count-times")
    skill = session.agent.save(argument)
    session.console.print(Text(f"+ {skill.versioned_name}", "green"))


def _skill(session: Session, argument: str) -> None:
    if not argument:
        raise UserError("name a skill: /skill word-count (/skills lists them)")
    skill = session.agent.library.get(argument)
    session.pinned = (*session.pinned, skill.name)
    pinned = ", ".join(session.pinned)
    session.console.print(Text(f"for the next request: {pinned}", "dim"))


def _quit(session: Session, argument: str) -> None:
    session.over = True


def _last(session: Session) -> Result:
    if session.last is None:
        raise UserError("nothing was asked yet")
    return session.last


COMMANDS: Mapping[str, Command] = {
    "help": Command("/help", "these lines", _help),
    "skills": Command("/skills [WORDS]", "all skills, or those that fit the words best", _skills),
    "plan": Command("/plan", "the plan of the last turn", _plan),
    "why": Command(
        "/why", "why the last turn went as it did: candidates, skills, arguments, verdicts", _why
    ),
    "save": Command("/save NAME", "keep the last verified plan as a skill of that name", _save),
    "search": Command(searching.USAGE, searching.HELP, searching.search_in_chat),
    "write": Command(writing.USAGE, writing.HELP, writing.write_in_chat),
    "distil": Command(distilling.USAGE, distilling.HELP, distilling.distil_in_chat),
    "teach": Command(teaching.USAGE, teaching.HELP, teaching.teach_in_chat),
    "skill": Command("/skill NAME", "use this skill in the next request", _skill),
    "quit": Command("/quit", "end the chat (also Ctrl-D)", _quit),
}

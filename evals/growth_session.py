"""A session in plain text, made by the real chat: a request that fails, examples, and the request again.

Nothing in it is written by hand but the requests. Whether it went as it should is checked: the first
request must fail, and the last one be answered by the new skill with the right value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console

from skillweave.agent.api import Agent
from skillweave.agent.cli.chat_session import Session
from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen

WIDTH = 100
EXAMPLES = "callsigns.jsonl"
NAMES = (
    "portable network graphics", "new york times", "light amplification",
    "radio detection and ranging", "very important person", "frequently asked questions",
    "north sea", "central park west", "united nations",
)  # fmt: skip


class Told(Frozen):
    """A session as text."""

    text: str
    skill: str
    """The skill that was found on the way."""


class Script(Frozen):
    """What a person types, and what must come of it."""

    name: str = "call-sign"
    request: str = "Give the call sign of 'south pole station'."
    again: str = "Give the call sign of 'deep space network'."
    expected: str = "NSD"

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines typed."""
        return (self.request, f"/search {self.name} {EXAMPLES} give the call sign of", self.again)


def call_sign(text: str) -> str:
    """What the examples show: the initials of the words, from the last to the first."""
    return "".join(word[0] for word in reversed(text.split())).upper()


def write_examples(folder: Path) -> Path:
    """The examples that the person in the session has."""
    rows = [{"arguments": {"text": name}, "expected": call_sign(name)} for name in NAMES]
    file = folder / EXAMPLES
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def record(
    agent: Agent, folder: Path, script: Script | None = None, on_line: Callable[[str], None] = print
) -> Told:
    """Hold the session; ``folder`` is where the person's files are.

    Raises:
        UserError: it did not go as it should; the message says where.
    """
    script = script or Script()
    examples = write_examples(folder)
    shown = examples.read_text(encoding="utf-8").splitlines()
    text = [f"$ head -2 {EXAMPLES}", *shown[:2], "$ skillweave chat"]
    outcomes: list[str] = []
    heard = StringIO()
    console = Console(file=heard, width=WIDTH, highlight=False)
    session = Session(agent, console, agent.settings.state_dir)
    for line in script.lines:
        on_line(line)
        heard.seek(0)
        heard.truncate()
        session.turn(line.replace(EXAMPLES, str(examples)))
        said = heard.getvalue().replace(f"{folder}/", "")
        text += [f"> {line}", *_lines(said)]
        outcomes.append(session.last.outcome if session.last is not None else "")
    _check(session, script, outcomes)
    return Told(text="\n".join([*text, ""]), skill=script.name)


def _check(session: Session, script: Script, outcomes: Sequence[str]) -> None:
    last = session.last
    if outcomes[0] not in ("declined", "failed"):
        raise UserError(f"“{script.request}” was to fail at first, and was {outcomes[0]}")
    if last is None or last.outcome != "solved" or last.value != script.expected:
        got = last.value if last is not None else None
        raise UserError(f"“{script.again}” gave {got!r}, not {script.expected!r}")
    if script.name not in {name.partition("@")[0] for name in last.skills}:
        raise UserError(f"“{script.again}” was done by {', '.join(last.skills)}")


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines() if line.strip()]

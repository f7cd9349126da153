"""Events, answers and plans on a terminal, with Rich."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from skillweave.agent.cli.summary import (
    duration,
    last_attempt,
    one_line,
    short_name,
    skills_used,
    step_seconds,
    told,
)
from skillweave.agent.result import (
    Event,
    Finished,
    PlanMade,
    Result,
    SkillLearned,
    StepFinished,
    StepStarted,
    Token,
)
from skillweave.skills.errors import ModelError

MARKS = {"waiting": " ", "running": "…", "done": "✓", "failed": "✗"}
OTHER_COLUMNS = 20
"""Cells for number, mark, time and the gaps between the columns."""
STYLES = {"waiting": "dim", "running": "cyan", "done": "green", "failed": "red"}


@dataclass
class Row:
    """One line of the step table."""

    goal: str
    skill: str = ""
    state: Literal["waiting", "running", "done", "failed"] = "waiting"
    started: float = 0.0
    seconds: float | None = None
    value: str = ""
    tries: int = 0

    def told_skill(self) -> str:
        """The skill, and which try it is when the first one failed."""
        return f"{self.skill} (try {self.tries})" if self.tries > 1 else self.skill

    def time(self) -> str:
        """Seconds taken, or taken so far."""
        if self.seconds is not None:
            return duration(self.seconds)
        return duration(time.monotonic() - self.started) if self.state == "running" else ""


class RunView:
    """The state of a run as far as its events tell; draws itself."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.doing = "planning"
        self.words = ""
        self.result: Result | None = None
        self.learned: list[SkillLearned] = []

    def see(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case PlanMade():
                kept = {i: row for i, row in self.rows.items() if row.state == "done"}
                planned = {step.id: Row(step.render()) for step in event.plan.steps}
                self.rows = dict(sorted({**planned, **kept}.items()))
                self.doing, self.words = "working", ""
            case StepStarted():
                row = self.rows.setdefault(event.id, Row(event.goal))
                row.tries += 1
                row.goal, row.skill, row.state = event.goal, short_name(event.skill), "running"
                row.started, row.seconds = time.monotonic(), None
            case StepFinished():
                self._finish(event)
            case Token():
                self.words += event.text
            case SkillLearned():
                self.learned.append(event)
            case Finished():
                self.result, self.doing = event.result, ""

    def _finish(self, event: StepFinished) -> None:
        step, attempt = event.step, last_attempt(event.step)
        row = self.rows.setdefault(step.id, Row(step.goal))
        row.goal, row.state = step.goal, "done" if step.ok else "failed"
        row.seconds, row.tries = step_seconds(step), len(step.attempts)
        row.value = one_line(step.value, 80) if step.ok else ""
        if attempt is not None:
            row.skill = short_name(attempt.skill)

    def table(self, width: int) -> Table:
        """Step number, goal, skill, mark, milliseconds, value; only the texts are cut to fit."""
        table = Table.grid(padding=(0, 1))
        for justify in ("right", "left", "left", "left", "right", "left"):
            table.add_column(justify=justify, no_wrap=True)
        rows = list(self.rows.items())  # a copy: another thread draws
        skills = [one_line(row.told_skill(), width // 4) for _, row in rows]
        values = [one_line(row.value, width // 4) for _, row in rows]
        taken = max(map(len, skills), default=0) + max(map(len, values), default=0)
        for (number, row), skill, value in zip(rows, skills, values, strict=True):
            table.add_row(
                Text(str(number), "dim"),
                Text(one_line(row.goal, max(10, width - taken - OTHER_COLUMNS))),
                Text(skill, "magenta"),
                Text(MARKS[row.state], STYLES[row.state]),
                Text(row.time(), "dim"),
                Text(value),
            )
        return table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.rows:
            yield self.table(options.max_width)
        if self.words and self.result is None:
            yield Text(self.words[-400:], "dim")
        if self.doing:
            yield Spinner("dots", Text(self.doing, "dim"))


def follow(events: Iterable[Event], console: Console, *, live: bool) -> Result:
    """Draw a run while it happens (``live``) or in silence; returns its result."""
    view = RunView()
    with Live(view, console=console, refresh_per_second=8) if live else nullcontext():
        try:
            for event in events:
                view.see(event)
        finally:
            view.doing = ""  # what stays on the screen has no spinner
    if view.result is None:
        raise ModelError("the run ended without a result")
    return view.result


def print_answer(result: Result, console: Console) -> None:
    """The value first, then in dim lines how it was verified and with which skills."""
    style = {"declined": "yellow", "failed": "red"}.get(result.outcome, "bold")
    parts = told(result)
    lines = [
        (parts.answer, style),
        *((note, "dim") for note in (parts.checked, *footnotes(result))),
    ]
    for line, look in lines:
        if line:
            console.print(Text(line, look), soft_wrap=not console.is_terminal)


def footnotes(result: Result) -> list[str]:
    """How the request was read, where the answer does not say; the skills used, what was learned."""
    read_as = "" if result.read_as.split("; ")[0] in result.answer else result.read_as
    notes = [("read as", read_as), ("skills", skills_used(result))]
    notes.append(("learned", ", ".join(map(short_name, result.new_skills))))
    return [f"{label}: {text}" for label, text in notes if text]

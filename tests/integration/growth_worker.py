"""Grows a library until it is killed: insights out of made-up runs, tools out of made-up tasks.

Every skill is named on standard output once growth says that it is in the library.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from skillweave.agent.api import Agent
from skillweave.agent.growth.verdict import Task
from skillweave.agent.plan import Literal, Plan, Step
from skillweave.agent.result import Attempt, Finished, Result, StepReport, Verdict
from skillweave.agent.scripted import ScriptedModel
from skillweave.agent.settings import Settings
from skillweave.agent.trace import Trace, trace_file
from skillweave.skills.sandbox import Sandbox
from skillweave.store import HashEmbedder, Library

TOOLS = '''
def reverse(text: str) -> str:
    """Turn a text around."""
    return text[::-1]


def capitals(text: str) -> str:
    """Write a text in capitals."""
    return text.upper()


def cut(text: str, length: int) -> str:
    """Keep the beginning of a text."""
    return text[:length]
'''
WORDS = ("amber road", "blue sea", "cedar tree", "dune grass", "elm bark", "fern leaf")


def say(line: str) -> None:
    """At once, so that it is out before the process is gone."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def runs(number: int) -> list[Result]:
    """Two runs in which one skill failed where another one did it."""
    goal = f"sing verse {number} of {{}}"
    held = Verdict(ok=True, method="cases", detail="they hold")
    attempts = (
        Attempt(skill="hum@1", kind="tool", error="ValueError: no voice"),
        Attempt(skill="sing@1", kind="tool", value=1, verdict=held),
    )
    step = Step(id=1, goal=goal, inputs=(Literal(text="x"),))
    report = StepReport(id=1, goal=goal, ok=True, value=1, attempts=attempts)
    return [
        Result(run=f"run-{number:04}-{turn}", task=goal, outcome="solved", answer="",
               plan=Plan(steps=(step,)), steps=(report,))
        for turn in range(2)
    ]  # fmt: skip


def tasks(number: int) -> list[Task]:
    """What no tool does alone, with another length each time."""
    length = 2 + number % 7
    return [
        Task(request=f"mirror {length} loudly", arguments={"text": word},
             expected=word[::-1][:length].upper())
        for word in WORDS
    ]  # fmt: skip


def grow(root: Path, first: int) -> None:
    """Until the process ends."""
    settings = Settings(library=root / "library", state_dir=root / "state", sandbox_workers=1)
    with (
        Library(settings.library, embedder=HashEmbedder(), builtin=False) as library,
        Sandbox.open(workers=1) as sandbox,
        Agent(library, ScriptedModel(()), settings, sandbox=sandbox) as agent,
    ):
        file = root / "tools.py"
        file.write_text(TOOLS)
        library.add_all(file, state="active")
        say("ready")
        for number in count(first):
            for result in runs(number):
                with Trace(trace_file(settings.state_dir, result.run)) as trace:
                    trace.event(Finished(result=result))
            for name in agent.grow.distil().added:
                say(name)
            for step in agent.grow.revise(tasks(number), epochs=1).steps:
                if step.outcome == "kept":
                    say(step.move.skill)


if __name__ == "__main__":
    grow(Path(sys.argv[1]), int(sys.argv[2]))

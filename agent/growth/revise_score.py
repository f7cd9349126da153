"""How a library does on tasks: each is one step, answered by the nearest tool that takes its values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from skillweave.agent.deps import tool_source
from skillweave.agent.growth.benefit import DEPTH, by_position
from skillweave.agent.growth.calls import Calls
from skillweave.agent.growth.verdict import Task
from skillweave.skills.cases import same_value
from skillweave.skills.errors import SkillFormatError
from skillweave.skills.files import read_text
from skillweave.skills.model import Frozen
from skillweave.store.library import Library

HELD_BACK = 3
"""Every third task is kept from the training."""


class Answered(Frozen):
    """One task, and the tool that answered it."""

    task: Task
    tool: str = ""
    """Empty where no tool takes its values."""
    right: bool = False
    got: str = ""


def answers(library: Library, tasks: Sequence[Task], calls: Calls) -> list[Answered]:
    """What the library makes of the tasks, as it is now."""
    found = []
    for task in tasks:
        values = list(task.arguments.values())
        answered = Answered(task=task, got="no tool takes these values")
        for hit in library.search(task.request, kinds={"tool"}, k=DEPTH):
            signature = hit.skill.signature
            given = by_position(values, signature) if signature is not None else None
            if signature is None or given is None:
                continue
            outcome = calls.once(tool_source(hit.skill), signature.function, given)
            answered = Answered(
                task=task,
                tool=hit.skill.name,
                right=outcome.ok and same_value(task.expected, outcome.value),
                got=repr(outcome.value)[:120] if outcome.ok else str(outcome.error)[:120],
            )
            break
        found.append(answered)
    return found


def score(found: Sequence[Answered]) -> int:
    """How many are right."""
    return sum(one.right for one in found)


def split(tasks: Sequence[Task]) -> tuple[list[Task], list[Task]]:
    """For training, and kept back."""
    training = [task for n, task in enumerate(tasks) if n % HELD_BACK != HELD_BACK - 1]
    return training, list(tasks[HELD_BACK - 1 :: HELD_BACK])


def read_tasks(file: Path) -> list[Task]:
    """The tasks of a file of JSON lines.

    Raises:
        SkillFormatError: a line is no task.
    """
    found = []
    for number, line in enumerate(read_text(file, file=file).splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(Task.model_validate(json.loads(line)))
        except (ValueError, ValidationError):
            raise SkillFormatError(
                file,
                "this is no task",
                line=number,
                remedy='write {"request": "...", "arguments": {...}, "expected": ...}',
            ) from None
    return found

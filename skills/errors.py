"""Errors of skillweave, sorted by who must act.

SkillweaveError
├── UserError                 the user or the skill's author must change something
│   ├── SkillFormatError      a file of a skill is not what the format asks for
│   ├── AdapterError          an adapter does not fit the base model or is damaged
│   ├── MixError              a mix expression is not what the grammar asks for
│   ├── SkillNotFoundError    no skill of that name (or name@version)
│   └── SettingsError         an option, a variable or a configuration file is wrong
├── ModelError                the model (or its server) must do better
│   ├── PlanError             no valid plan came out of the model
│   └── ServerError           the model server did not start, or stopped answering
├── BudgetError               a limit on steps, tokens or seconds was reached
├── SandboxUnavailableError   no lane that contains tool code works on this machine
└── LibraryDamagedError       the library's files and records contradict each other
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_SHOWN: Final = 24
"""Characters of a wrong text that a message shows on either side of the place."""


class SkillweaveError(Exception):
    """Base of all errors that skillweave raises on purpose; the message is one line for a person."""


class UserError(SkillweaveError):
    """Something the user, or the author of a skill, can put right."""


class SkillFormatError(UserError):
    """A file of a skill is malformed.

    The message reads ``file:line: reason; remedy``.
    """

    def __init__(self, file: Path | str, reason: str, *, remedy: str, line: int | None = None):
        self.file = Path(file)
        self.line = line
        self.reason = reason
        self.remedy = remedy
        where = f"{file}:{line}" if line is not None else str(file)
        super().__init__(_printable(f"{where}: {reason}; {remedy}"))


class AdapterError(UserError):
    """An adapter is damaged, or was trained for another base model."""


class MixError(UserError):
    """A mix expression is wrong at one place.

    The message is ``mix, column 5: reason; remedy (here: a+b:^x)``, with ``^`` before the place.
    """

    def __init__(self, text: str, column: int, reason: str, *, remedy: str):
        self.text = text
        self.column = column
        """Counted from 1; one more than the length of the text when something is missing at its end."""
        self.reason = reason
        self.remedy = remedy
        before, after = text[: column - 1], text[column - 1 :]
        cut = f"{_end(before)}^{_start(after)}"
        super().__init__(f"mix, column {column}: {reason}; {remedy} (here: {cut})")


class SkillNotFoundError(UserError):
    """No skill has that name or version."""


class SettingsError(UserError):
    """An option, an environment variable or the configuration file is wrong."""


class ModelError(SkillweaveError):
    """The chat model, or the server behind it, failed."""


class PlanError(ModelError):
    """The model's plan could not be read or contradicts itself."""


class ServerError(ModelError):
    """The model server did not start, or does not answer."""


class BudgetError(SkillweaveError):
    """A limit on steps, tokens or seconds was reached."""


class SandboxUnavailableError(SkillweaveError):
    """No sandbox lane works here, so no tool may run."""


class LibraryDamagedError(SkillweaveError):
    """Files and records of the library contradict each other."""


def _end(text: str) -> str:
    return _printable(text if len(text) <= _SHOWN else f"…{text[-_SHOWN:]}")


def _start(text: str) -> str:
    return _printable(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)

"""Where every error of a command ends: one line on stderr and an exit code.

0 done, 1 unexpected (a crash report is saved), 2 something a person can put right, 3 the agent
ran but did not solve the task, 130 interrupted. ``SKILLWEAVE_DEBUG=1`` shows tracebacks.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import typer

from skillweave.agent.cli.version import version
from skillweave.skills.errors import SkillweaveError

UNEXPECTED = 1
REFUSED = 2
UNSOLVED = 3
INTERRUPTED = 130


@contextmanager
def one_line() -> Iterator[None]:
    """Turn what a command raises into one line and an exit code; usage errors pass to Typer."""
    try:
        yield
    except KeyboardInterrupt:
        complain("interrupted")
        raise typer.Exit(INTERRUPTED) from None
    except SkillweaveError as error:
        _debug()
        complain(first_line(error))
        raise typer.Exit(REFUSED) from None
    except BrokenPipeError:
        raise  # the reader went away (``| head``): Typer ends quietly
    except Exception as error:
        if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):
            raise  # Typer's own: Exit, usage errors
        _debug()
        report = save_crash_report(error)
        complain(f"unexpected {type(error).__name__}: {first_line(error)} (details: {report})")
        raise typer.Exit(UNEXPECTED) from None


def complain(line: str) -> None:
    """Print one red line on stderr."""
    typer.secho(f"error: {line}", fg="red", err=True)


def first_line(error: BaseException) -> str:
    """The error's message as a single line."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def save_crash_report(error: BaseException) -> Path:
    """Write traceback and versions to a file the user can attach to an issue."""
    now = datetime.now(UTC)
    text = "\n".join(
        [
            f"skillweave {version()}, Python {platform.python_version()}, {platform.platform()}",
            f"time: {now.isoformat()}",
            f"command: {' '.join(sys.argv)}",
            "",
            *traceback.format_exception(error),
        ]
    )
    name = f"crash-{now:%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    for folder in (_state_dir() / "crashes", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            path.write_text(text, encoding="utf-8")
        except OSError:
            continue
        return path
    return Path(os.devnull)


def _state_dir() -> Path:
    """The default state folder: settings may be what failed, so they are not asked."""
    return Path(os.environ.get("SKILLWEAVE_STATE_DIR") or Path.home() / ".skillweave")


def _debug() -> None:
    if os.environ.get("SKILLWEAVE_DEBUG", "") not in ("", "0"):
        traceback.print_exc()

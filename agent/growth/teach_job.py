"""A lesson in a process of its own: the chat goes on meanwhile, and a kill harms nothing.

The process reads one job from its input and tells what it does as JSON lines. It writes to the library
only at the end, by the library's own atomic admission.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import ValidationError

from skillweave.agent.growth.teach import Lesson, Limits, OnProgress, Progress
from skillweave.agent.growth.teach_skill import Taught
from skillweave.skills.errors import SkillweaveError, UserError
from skillweave.skills.model import Frozen

NICE = 5
"""A chat that goes on beside the training comes first."""


class Job(Frozen):
    """What the process is told."""

    lesson: Lesson
    library: Path
    model: str
    limits: dict[str, float | int]


class Said(Frozen):
    """A line that the process writes."""

    progress: Progress | None = None
    taught: Taught | None = None
    error: str = ""


@dataclass
class _Told:
    last: Progress
    taught: Taught | None = None
    error: str = ""


class Teaching:
    """A lesson that is under way."""

    def __init__(
        self,
        lesson: Lesson,
        library: Path,
        model: str,
        *,
        limits: Limits | None = None,
        on_progress: OnProgress | None = None,
        on_end: Callable[[Teaching], None] | None = None,
    ) -> None:
        """Start it.

        Args:
            on_progress: told where the training stands, in another thread.
            on_end: told when it is over, in another thread; `result` does not wait then.
        """
        self.lesson = lesson
        self._told = _Told(Progress(phase="starting"))
        self._cancelled = False
        job = Job(lesson=lesson, library=library, model=model, limits=asdict(limits or Limits()))
        environment = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"} | dict(os.environ)
        with tempfile.TemporaryFile("w+") as order:
            order.write(job.model_dump_json())
            order.flush()
            order.seek(0)
            self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by `_follow`
            self._process = subprocess.Popen(
                [sys.executable, "-m", "skillweave.agent.growth.teach_job"],
                stdin=order,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                env=environment,
            )
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._follow, args=(on_progress, on_end), daemon=True
        )
        self._thread.start()

    @property
    def progress(self) -> Progress:
        """Where it stands."""
        return self._told.last

    @property
    def done(self) -> bool:
        """Whether it is over, for better or worse."""
        return self._ended.is_set()

    def result(self, timeout: float | None = None) -> Taught:
        """Wait for the end.

        Raises:
            UserError: nothing was learned, or it was cancelled; the message says why.
            TimeoutError: it goes on after that time.
        """
        if not self._ended.wait(timeout):
            raise TimeoutError(f"{self.lesson.name} is still being taught")
        if self._told.taught is None:
            raise UserError(self._told.error)
        return self._told.taught

    def cancel(self) -> None:
        """Stop it; the library stays as it is."""
        self._cancelled = True
        self._process.kill()
        self._ended.wait()

    def _follow(
        self,
        on_progress: OnProgress | None,
        on_end: Callable[[Teaching], None] | None,
    ) -> None:
        process = self._process
        try:
            for line in process.stdout or ():
                try:
                    said = Said.model_validate_json(line)
                except ValidationError:
                    continue  # a library that prints
                self._told.taught = said.taught or self._told.taught
                self._told.error = said.error or self._told.error
                if said.progress is not None:
                    self._told.last = said.progress
                    if on_progress is not None:
                        on_progress(said.progress)
        finally:
            code = process.wait()
            if not self._told.error and self._told.taught is None:
                last = "cancelled" if self._cancelled else self._last_words() or f"exit code {code}"
                self._told.error = f"{self.lesson.name} was not taught: {last}"
            self._errors.close()
            if process.stdout is not None:
                process.stdout.close()
            self._ended.set()
            if on_end is not None:
                on_end(self)

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors if line.strip()]
        return lines[-1][:300] if lines else ""


def main() -> None:
    """The process: one job, then the end."""
    os.nice(NICE)
    job = Job.model_validate_json(sys.stdin.read())
    import torch

    from skillweave.agent.growth.teach_base import base_of
    from skillweave.agent.growth.teach_skill import teach
    from skillweave.store.library import Library

    torch.set_num_threads(1)
    limits = Limits(**job.limits)  # type: ignore[arg-type]
    try:
        base = base_of(job.model)
        with Library(job.library) as library:
            taught = teach(
                job.lesson,
                library,
                base,
                limits=limits,
                on_progress=lambda at: _say(Said(progress=at)),
            )
        _say(Said(taught=taught))
    except SkillweaveError as error:
        _say(Said(error=str(error)))


def _say(said: Said) -> None:
    # Whoever listened may be gone: then there is nobody to teach for, and the process ends here.
    sys.stdout.write(said.model_dump_json(exclude_none=True) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

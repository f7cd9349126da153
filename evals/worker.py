"""A process of a run: ``python -m skillweave.evals.worker`` reads a `Job`, prints a record a line."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

from skillweave.agent.settings import Settings
from skillweave.evals.journal import Journal
from skillweave.evals.order import chosen
from skillweave.evals.processes import Job
from skillweave.evals.record import Key, Record
from skillweave.evals.runner import narrowed
from skillweave.evals.suite import Arm, Loaded, Suite
from skillweave.evals.working import Trial, Work
from skillweave.evals.workplace import Bench, Workplace, workplace
from skillweave.skills.errors import SkillweaveError


class Opened(NamedTuple):
    """What a process works with."""

    bench: Bench
    suite: Suite
    loaded: Loaded


Opener = Callable[[Job], AbstractContextManager[Opened]]


@contextmanager
def opened(job: Job) -> Iterator[Opened]:
    """The model by its name, which finds the server that runs already, and the suite by its own."""
    from skillweave.agent.models import open_model
    from skillweave.evals.suites import SUITES
    from skillweave.skills.sandbox import Sandbox

    settings = Settings.model_validate(job.settings)
    suite = SUITES[job.suite]
    lane = None if settings.lane == "auto" else settings.lane
    with (
        open_model(settings.model, settings) as model,
        Sandbox.open(lane, workers=settings.sandbox_workers) as sandbox,
    ):
        yield Opened(Bench(model, settings, sandbox=sandbox), suite, suite.load(job.data))


def serve(opener: Opener, stdin: TextIO, stdout: TextIO) -> None:
    """Do one job."""
    job = Job.model_validate_json(stdin.readline())
    lock = threading.Lock()

    def send(record: Record) -> None:
        with lock:
            stdout.write(record.model_dump_json() + "\n")
            stdout.flush()

    work = Work(
        send,
        parallel=job.parallel,
        stop_after=job.stop_after,
        wanted=lambda: os.getppid() == job.parent,
    )
    with opener(job) as (bench, suite, whole), tempfile.TemporaryDirectory() as temporary:
        samples = {sample.id: sample for sample in chosen(whole.samples, job.limit)}
        loaded = narrowed(whole, tuple(samples.values())) if job.small_pool else whole
        journal = Journal(job.folder)
        keys = [Key(*one) for one in job.trials]
        trials = [Trial(suite.arm(key.arm), key.seed, samples[key.sample]) for key in keys]

        def place(arm: Arm | None, seed: int) -> AbstractContextManager[Workplace]:
            name = "shared" if arm is None else f"{arm.name}-{seed}"
            return workplace(bench, suite, loaded, journal, Path(temporary) / name, arm)

        with place(None, 0) as shared:
            work.all_of(trials, shared, place)


def main() -> None:
    """Records alone go to standard output; an error is one line on standard error."""
    try:
        serve(opened, sys.stdin, sys.stdout)
    except SkillweaveError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

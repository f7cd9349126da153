"""One run in several processes: who makes which trials, and how their records come back.

Each process has an agent, a library and a sandbox of its own, and asks the same model server. It
writes traces where the run keeps them, and sends records to the process that began it, which alone
writes ``results.jsonl``; so a kill at any point leaves what a kill of a single process leaves.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from skillweave.agent.settings import Settings
from skillweave.evals.record import Key, Record
from skillweave.evals.working import Keep, Trial, streams_of
from skillweave.skills.errors import SkillweaveError
from skillweave.skills.model import Frozen

COMMAND = (sys.executable, "-m", "skillweave.evals.worker")


class WorkerError(SkillweaveError):
    """A process of a run ended before its trials were made."""


class Job(Frozen):
    """What a process is told: one line on its standard input."""

    suite: str
    settings: dict[str, JsonValue]
    folder: Path
    """Of the run, for the traces."""
    data: Path | None
    small_pool: bool
    limit: int | None
    trials: tuple[tuple[str, int, str], ...]
    """Arm, seed and sample; those of one stream stand together, in order."""
    parallel: int
    stop_after: float | None
    parent: int
    """The process that wants the records; when it is gone, nobody does."""


def told(settings: Settings) -> dict[str, JsonValue]:
    """Settings as JSON, the key of the server included: it goes through a pipe and nowhere else."""
    found: dict[str, JsonValue] = settings.model_dump(mode="json")
    return {**found, "api_key": settings.api_key.get_secret_value()}


def shares(trials: Sequence[Trial], processes: int) -> list[list[Trial]]:
    """The trials of each process, about as many each; a stream is never divided."""
    found: list[list[Trial]] = [[] for _ in range(processes)]
    for stream in sorted(streams_of(trials), key=len, reverse=True):
        min(found, key=len).extend(stream)
    for trial in (trial for trial in trials if not trial.arm.grows):
        min(found, key=len).append(trial)
    return [share for share in found if share]


def across(jobs: Sequence[Job], keep: Keep, command: Sequence[str] = COMMAND) -> None:
    """Have the jobs done, each by a process, and keep their records as they come.

    Raises:
        WorkerError: a process ended early; the records it sent are kept.
    """
    lock = threading.Lock()
    failed: dict[int, str] = {}
    workers = [
        subprocess.Popen(list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in jobs
    ]

    def tend(number: int) -> None:
        worker, job = workers[number], jobs[number]
        wanted = {Key(*one) for one in job.trials}
        try:
            with worker:
                if worker.stdin is not None and worker.stdout is not None:
                    worker.stdin.write(job.model_dump_json() + "\n")
                    worker.stdin.close()
                    for line in worker.stdout:
                        record = Record.model_validate_json(line)
                        wanted.discard(record.key)
                        with lock:
                            keep(record)
        except (OSError, ValueError) as error:
            failed[number] = str(error).splitlines()[0]
        if worker.returncode or (wanted and job.stop_after is None):
            said = failed.get(number, f"it ended with {worker.returncode}")
            failed[number] = f"{said}, {len(wanted)} trials before its end"

    threads = [threading.Thread(target=tend, args=(n,), daemon=True) for n in range(len(jobs))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.terminate()
    if failed:
        raise WorkerError(f"{_one(failed)}; the same command with --resume goes on")


def _one(failed: Mapping[int, str]) -> str:
    number, reason = next(iter(failed.items()))
    return f"process {number + 1} of this run failed: {reason}"

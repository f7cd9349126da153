"""Running a suite: every sample in every arm under every seed, once, however often interrupted."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from skillweave.evals.journal import Journal
from skillweave.evals.manifest import Limits, Manifest, Plan
from skillweave.evals.order import chosen, in_order
from skillweave.evals.processes import COMMAND, Job, across, shares, told
from skillweave.evals.record import Key, Record
from skillweave.evals.suite import Arm, Loaded, Sample, Suite
from skillweave.evals.summary import Records, Summary, summarise
from skillweave.evals.working import Trial, Work
from skillweave.evals.workplace import Bench, Workplace, workplace
from skillweave.skills.errors import UserError

OnBegin = Callable[[int, int], None]
"""Told how many trials there are, over all arms and seeds, and how many are done already."""
OnRecord = Callable[[Record], None]
"""Told every record, in any of several threads."""


@dataclass(frozen=True)
class Asked:
    """What a caller wants of a run besides the suite."""

    model: str
    arms: tuple[str, ...] = ()
    """None: all that the suite has."""
    seeds: tuple[int, ...] = (0,)
    limit: int | None = None
    parallel: int = 4
    """Samples tried at the same time, in arms that do not grow."""
    small_pool: bool = False
    """Leave out the suite's skills that come with none of the samples tried."""
    resume: bool = False
    again: bool = False
    """Try samples that ended in an error once more."""
    once: tuple[str, ...] = ()
    """Arms tried under the first seed alone: their records stand for the other seeds too."""
    stop_after: float | None = None
    """Seconds after which no sample is begun; the rest is for a resumption."""
    processes: int = 1
    """Processes that make the trials; more than one need ``data``, to read the suite themselves."""
    data: Path | None = None
    """The folder of public data."""
    worker: tuple[str, ...] = COMMAND
    """What starts such a process."""


def run_suite(
    suite: Suite,
    loaded: Loaded,
    bench: Bench,
    asked: Asked,
    folder: Path,
    *,
    on_begin: OnBegin = lambda total, done: None,
    on_record: OnRecord = lambda record: None,
) -> Summary:
    """Try what is not yet done, then write the summary.

    Raises:
        UserError: the folder holds a run that was not to be resumed, or another one.
    """
    arms = arms_of(suite, asked.arms)
    samples = chosen(loaded.samples, asked.limit)
    if asked.small_pool:
        loaded = narrowed(loaded, samples)
    journal = Journal(folder)
    if journal.begun and not asked.resume:
        raise UserError(f"{folder} holds a run; --resume goes on with it")
    with journal.held(), tempfile.TemporaryDirectory(prefix="skillweave-eval-") as temporary:

        def place(arm: Arm | None = None, seed: int = 0) -> AbstractContextManager[Workplace]:
            name = "shared" if arm is None else f"{arm.name}-{seed}"
            return workplace(bench, suite, loaded, journal, Path(temporary) / name, arm)

        with place(None, 0) as shared:
            now = _manifest(shared, arms, samples, loaded, bench, asked)
            manifest = journal.manifest().goes_on(now) if journal.begun else now
            journal.write("manifest.json", manifest)
            trials = [
                Trial(arm, seed, sample)
                for arm in arms
                for seed in asked.seeds
                for sample in in_order(samples, seed)
                if arm.takes(sample) and (arm.name not in asked.once or seed == asked.seeds[0])
            ]
            left = _left(journal, trials, again=asked.again)
            on_begin(len(trials), len(trials) - len(left))

            def keep(record: Record) -> None:
                journal.append(record)
                on_record(record)

            if asked.processes > 1:
                across(_jobs(suite, bench, asked, folder, left), keep, asked.worker)
            else:
                work = Work(keep, parallel=asked.parallel, stop_after=asked.stop_after)
                work.all_of(left, shared, place)
        records = spread(journal.records(), asked.once, asked.seeds)
        summary = summarise(suite, arms, asked.seeds, samples, records)
        journal.write("summary.json", summary)
    return summary


def spread(records: Records, once: Collection[str], seeds: Sequence[int]) -> dict[Key, Record]:
    """The records, and those of arms that were tried ``once`` under every seed."""
    found = dict(records)
    for record in records.values():
        if record.arm in once:
            copies = (record.model_copy(update={"seed": seed}) for seed in seeds)
            found |= {copy.key: copy for copy in copies}
    return found


def narrowed(loaded: Loaded, samples: Sequence[Sample]) -> Loaded:
    """The data with only the skills that come with these samples."""
    names = {name for sample in samples for name in sample.given}
    return replace(loaded, skills=[one for one in loaded.skills if one.skill.name in names])


def arms_of(suite: Suite, names: Sequence[str]) -> list[Arm]:
    """The arms of these names, or all.

    Raises:
        UserError: the suite has no such arm.
    """
    known = [arm.name for arm in suite.arms]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UserError(f"{suite.name} has no arm {unknown[0]!r}; it has {', '.join(known)}")
    return [suite.arm(name) for name in dict.fromkeys(names)] or list(suite.arms)


def _jobs(
    suite: Suite, bench: Bench, asked: Asked, folder: Path, trials: Sequence[Trial]
) -> list[Job]:
    return [
        Job(
            suite=suite.name,
            settings=told(bench.settings),
            folder=folder.absolute(),
            data=asked.data,
            small_pool=asked.small_pool,
            limit=asked.limit,
            trials=tuple(trial.key for trial in share),
            parallel=asked.parallel,
            stop_after=asked.stop_after,
            parent=os.getpid(),
        )
        for share in shares(trials, asked.processes)
    ]


def _left(journal: Journal, trials: Sequence[Trial], *, again: bool) -> list[Trial]:
    """The trials to be made. An arm that grows, under one seed, is done as a whole or not at all:
    what its library had learned died with its process."""
    known = {
        key for key, record in journal.records().items() if not (again and record.status == "error")
    }
    unfinished = {(t.arm.name, t.seed) for t in trials if t.arm.grows and t.key not in known}
    done = {t.key for t in trials if t.key in known and (t.arm.name, t.seed) not in unfinished}
    journal.keep(done)
    return [trial for trial in trials if trial.key not in done]


def _manifest(
    shared: Workplace,
    arms: Sequence[Arm],
    samples: Sequence[Sample],
    loaded: Loaded,
    bench: Bench,
    asked: Asked,
) -> Manifest:
    limits = bench.settings.model_dump(include=set(Limits.model_fields))
    plan = Plan(
        suite=shared.suite.name,
        arms=tuple(arm.name for arm in arms),
        seeds=asked.seeds,
        limit=asked.limit,
        model=asked.model,
        limits=Limits.model_validate(limits),
    )
    skills = shared.library.list()
    return Manifest.of(plan, loaded, samples, skills, bench.model.base_hash, asked.parallel)

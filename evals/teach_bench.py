"""Teaching measured: new tasks at several numbers of examples; what the base keeps; two adapters mixed.

Every finished cell is a line on the disk, so a run that ended, or was ended by its time limit, goes on
where it stood.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from skillweave.agent.nano.score import wilson
from skillweave.evals.machine import Machine, this_machine
from skillweave.evals.teach_cells import Bench, Cell, Kept, Mixed, Start, Trial
from skillweave.evals.teach_tasks import TASKS
from skillweave.skills.errors import UserError
from skillweave.skills.model import Frozen
from skillweave.store.library import Library

HOWS = ("1:1", "0.5:0.5", "arrow")
PLANNING = 40
SELECTED = 3
SPARED = 0.2
"""Share of the time limit that is kept for mixes and for the base's own work."""
M = TypeVar("M", bound=BaseModel)


class Setting(Frozen):
    """What all cells of a run have in common."""

    base_hash: str
    tests: int
    limits: dict[str, float | int]


class Share(Frozen):
    """All tasks at one number of examples."""

    size: int
    start: Start
    tasks: int
    trials: int
    share: float
    """Mean share of held-out pairs that come out exactly."""
    low: float
    high: float
    """95 % interval (Wilson) of the pairs taken together; tasks differ more than that."""
    wrong_adapter: float | None
    admitted: int
    """Trials that the gate's rule on held-out examples would let in."""
    median_seconds: float
    median_cpu_seconds: float


class TeachFigures(Frozen):
    """The whole measurement."""

    command: str
    made: str
    machine: Machine
    setting: Setting
    missing: int
    """Cells of the grid that the time limit left out."""
    base_share: dict[str, float]
    """Of each task, without an adapter."""
    by_size: tuple[Share, ...]
    kept: Kept
    mixed: tuple[Mixed, ...]
    trials: tuple[Trial, ...]


class Lines:
    """Finished work of a run, one value a line; a line cut off by a kill is done again."""

    def __init__(self, folder: Path, setting: Setting) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        head = folder / "setting.json"
        if head.is_file() and Setting.model_validate_json(head.read_text("utf-8")) != setting:
            raise UserError(f"{folder} holds a run of another base or setting; name another --work")
        head.write_text(setting.model_dump_json(indent=2) + "\n", "utf-8")

    def read(self, name: str, kind: type[M]) -> list[M]:
        """All values of one kind."""
        file = self._folder / f"{name}.jsonl"
        found = []
        for line in file.read_text("utf-8").splitlines() if file.is_file() else ():
            try:
                found.append(kind.model_validate_json(line))
            except ValueError:
                continue
        return found

    def append(self, name: str, value: BaseModel) -> None:
        """One more."""
        with (self._folder / f"{name}.jsonl").open("a", encoding="utf-8") as file:
            file.write(value.model_dump_json() + "\n")


def grid(sizes: Sequence[int], seeds: Sequence[int], starts: Sequence[Start]) -> list[Cell]:
    """All cells; a run that is cut short has whole seeds, then whole sizes, as far as it came."""
    return [
        Cell(task=task.name, size=size, seed=seed, start=start)
        for seed, start, size, task in product(seeds, starts, sizes, TASKS)
    ]


def run_teach(
    bench: Bench,
    cells: Sequence[Cell],
    *,
    command: str,
    minutes: float,
    on_done: Callable[[str], None] = lambda _: None,
) -> TeachFigures:
    """Run what is missing, until the time is over, and count everything."""
    machine, began = this_machine(), time.monotonic()
    limits = {name: float(value) for name, value in asdict(bench.limits).items()}
    setting = Setting(base_hash=bench.base.hash, tests=bench.tests, limits=limits)
    lines = Lines(bench.folder, setting)
    planning = bench.planning(PLANNING)
    before = bench.scores(planning)
    trials = {t.cell.key: t for t in lines.read("trials", Trial)}
    with ExitStack() as stack:
        library = None
        if any(cell.start == "nearest" for cell in cells):
            library = stack.enter_context(Library(bench.folder / "library"))
        for cell in cells:
            if time.monotonic() - began > 60 * minutes * (1 - SPARED):
                break
            if cell.key not in trials:
                trials[cell.key] = bench.run(cell, library)
                lines.append("trials", trials[cell.key])
            done = trials[cell.key]
            on_done(f"{cell.key}: {done.right} of {done.tests} in {done.seconds:.0f} s")
    wanted = [trials[cell.key] for cell in cells if cell.key in trials]
    mixed = _mixes(bench, wanted, lines, began + 60 * minutes, on_done)
    return TeachFigures(
        command=command,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine,
        setting=setting,
        missing=len(cells) - len(wanted),
        base_share={task.name: bench.base_right(task) / bench.tests for task in TASKS},
        by_size=_shares(wanted),
        kept=_kept(bench, wanted, before),
        mixed=tuple(mixed),
        trials=tuple(wanted),
    )


def _mixes(
    bench: Bench,
    trials: Sequence[Trial],
    lines: Lines,
    until: float,
    on_done: Callable[[str], None],
) -> list[Mixed]:
    """Neighbouring tasks two by two, at one size and seed."""
    if not trials:
        return []
    first = trials[0].cell
    some = [t for t in trials if _group(t.cell) == _group(first) and _is_trained(bench, t)]
    known = {(m.one, m.other, m.how): m for m in lines.read("mixed", Mixed)}
    found: list[Mixed] = []
    by_key = {t.cell.key: t for t in some}
    for one, other in zip(some[0::2], some[1::2], strict=False):
        for how in HOWS:
            key = (one.cell.task, other.cell.task, how)
            if key not in known:
                if time.monotonic() > until:
                    return found
                known[key] = bench.mix(one.cell, other.cell, by_key, how)
                lines.append("mixed", known[key])
            found.append(known[key])
            on_done(f"mixed {one.cell.task} and {other.cell.task}, {how}")
    return found


def _kept(bench: Bench, trials: Sequence[Trial], before: Sequence[object]) -> Kept:
    import torch

    planning = bench.planning(PLANNING)
    after = bench.scores(planning)
    same = sum(
        isinstance(a, torch.Tensor) and torch.equal(a, b)
        for a, b in zip(before, after, strict=True)
    )
    selected = {}
    for trial in [t for t in trials if _is_trained(bench, t)][:SELECTED]:
        adapter = bench.adapter(trial.cell)
        selected[trial.cell.key] = sum(bench.base.right(planning, adapter))
    return Kept(
        requests=len(planning),
        base_right=sum(bench.base.right(planning, {})),
        identical_after=same,
        right_if_selected=selected,
    )


def _shares(trials: Sequence[Trial]) -> tuple[Share, ...]:
    groups: dict[tuple[int, Start], list[Trial]] = {}
    for trial in trials:
        groups.setdefault((trial.cell.size, trial.cell.start), []).append(trial)
    return tuple(_share(size, start, some) for (size, start), some in sorted(groups.items()))


def _share(size: int, start: Start, trials: Sequence[Trial]) -> Share:
    low, high = wilson(sum(t.right for t in trials), sum(t.tests for t in trials))
    wrong = [t.wrong_adapter / t.tests for t in trials if t.wrong_adapter is not None]
    return Share(
        size=size,
        start=start,
        tasks=len({t.cell.task for t in trials}),
        trials=len(trials),
        share=round(statistics.mean(t.share for t in trials), 4),
        low=round(low, 4),
        high=round(high, 4),
        wrong_adapter=round(statistics.mean(wrong), 4) if wrong else None,
        admitted=sum(t.admitted for t in trials),
        median_seconds=statistics.median(t.seconds for t in trials),
        median_cpu_seconds=statistics.median(t.cpu_seconds for t in trials),
    )


def _group(cell: Cell) -> tuple[int, int, Start]:
    return cell.size, cell.seed, cell.start


def _is_trained(bench: Bench, trial: Trial) -> bool:
    return (bench.folder / trial.cell.key).is_dir()

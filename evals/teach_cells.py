"""One cell of the grid of ``skillweave eval teach``: a task, a number of examples, a seed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from skillweave.agent.growth.teach import Lesson, Limits, Pair, train
from skillweave.agent.growth.teach_base import Base
from skillweave.agent.growth.teach_start import start_of
from skillweave.agent.nano.batches import Encoded, encode
from skillweave.agent.nano.score import draw
from skillweave.agent.serving.plugin.compose import compose
from skillweave.evals.teach_tasks import TASKS, TeachTask, pairs_of
from skillweave.skills.factors import Adapter, read_factors, write_adapter
from skillweave.skills.gates import prototypes_of
from skillweave.skills.mix import parse_mix
from skillweave.skills.model import Case, Frozen
from skillweave.store.library import Library

if TYPE_CHECKING:
    from torch import Tensor

Start = Literal["none", "nearest"]
TEST_SEED = 999


class Cell(Frozen):
    """What is trained."""

    task: str
    size: int
    """Examples that the user gives; a quarter is kept back for the gate, some decide when to stop."""
    seed: int
    start: Start = "none"

    @property
    def key(self) -> str:
        """Unique in a run; also the name of its folder."""
        return f"{self.task}-{self.size}-{self.seed}-{self.start}"


class Trial(Frozen):
    """What came of a cell."""

    cell: Cell
    right: int
    """Held-out pairs that come out exactly."""
    wrong_adapter: int | None
    """The same with the adapter of the task before, of the same size and seed."""
    tests: int
    gate_right: int
    gate_of: int
    """The part that the gate sees."""
    steps: int
    best_step: int
    begun: str
    seconds: float
    """Of training, on the wall clock of a busy machine."""
    cpu_seconds: float

    @property
    def share(self) -> float:
        return self.right / self.tests

    @property
    def admitted(self) -> bool:
        """Whether more than half of the part that the gate sees came out right."""
        return self.gate_right * 2 > self.gate_of


class Mixed(Frozen):
    """Two adapters in one mix: right answers on the tests of both."""

    one: str
    other: str
    how: str
    right_one: int
    right_other: int
    alone_one: int
    alone_other: int
    tests: int


class Kept(Frozen):
    """The base's own work, held-out planning requests, as adapters come and go."""

    requests: int
    base_right: int
    identical_after: int
    """Requests whose scores are the same to the last bit when no adapter is selected."""
    right_if_selected: dict[str, int]
    """Control: with an adapter selected for them all the same."""


class Bench:
    """The base, the tests of all tasks, and the adapters that were trained."""

    def __init__(self, base: Base, folder: Path, tests: int, limits: Limits) -> None:
        self.base, self.folder, self.limits, self.tests = base, folder, limits, tests
        self.tasks = {task.name: task for task in TASKS}
        self._rows: dict[str, list[Encoded]] = {}

    def adapter(self, cell: Cell) -> Adapter:
        """Of a cell that was run."""
        return read_factors(self.folder / cell.key)

    def rows(self, task: TeachTask) -> list[Encoded]:
        """The held-out pairs of a task."""
        if task.name not in self._rows:
            pairs = pairs_of(task, "held-out", self.tests, TEST_SEED)
            self._rows[task.name] = self.base.rows(pairs, task.description)
        return self._rows[task.name]

    def base_right(self, task: TeachTask) -> int:
        """Without any adapter."""
        return sum(self.base.right(self.rows(task), {}))

    def run(self, cell: Cell, library: Library | None) -> Trial:
        """Train, write, read back, test."""
        task = self.tasks[cell.task]
        lesson = lesson_of(task, cell)
        split = lesson.split()
        parts = [self.base.rows(part, task.description) for part in split]
        wall, cpu = time.monotonic(), time.process_time()
        begun, first = "none", None
        if library is not None and cell.start == "nearest":
            begun, first = start_of(
                lesson, library, self.base, parts[0], task.description, self.limits.rank
            )
        trained = train(
            self.base.trainable,
            self.base.lessons(split.train, task.description, self.limits.vary, cell.seed),
            parts[1],
            pad=self.base.pad,
            limits=self.limits,
            seed=cell.seed,
            start=first,
        )
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        adapter = trained.adapter
        if adapter:
            write_adapter(adapter, self.folder / cell.key, base_model=self.base.name)
            adapter = self.adapter(cell)
        before = self._before(cell)
        rows = self.rows(task)
        return Trial(
            cell=cell,
            right=sum(self.base.right(rows, adapter)),
            wrong_adapter=sum(self.base.right(rows, before)) if before is not None else None,
            tests=len(rows),
            gate_right=sum(self.base.right(parts[2], adapter)),
            gate_of=len(split.held),
            steps=trained.steps,
            best_step=trained.step,
            begun=begun,
            seconds=round(wall, 1),
            cpu_seconds=round(cpu, 1),
        )

    def mix(self, one: Cell, other: Cell, trials: dict[str, Trial], how: str) -> Mixed:
        """Both adapters at once: ``1:1``, ``0.5:0.5`` (sums), or ``arrow`` (a gate for every token)."""
        rows = self.rows(self.tasks[one.task]), self.rows(self.tasks[other.task])
        names = f"{one.task},{other.task}"
        weight = "" if how == "1:1" else ":0.5"
        text = (
            f"arrow({names};top=1)"
            if how == "arrow"
            else f"{one.task}{weight}+{other.task}{weight}"
        )
        with self._mixed(text, [self.adapter(one), self.adapter(other)]):
            found = [sum(self.base.right(part, {})) for part in rows]
        return Mixed(
            one=one.task,
            other=other.task,
            how=how,
            right_one=found[0],
            right_other=found[1],
            alone_one=trials[one.key].right,
            alone_other=trials[other.key].right,
            tests=len(rows[0]),
        )

    def planning(self, n: int) -> list[Encoded]:
        """Requests that nano plans, held out from its training."""
        return encode(self.base.tokenizer, draw("compositions", n, TEST_SEED))

    def scores(self, rows: Sequence[Encoded]) -> list[Tensor]:
        """All scores of the base, request by request."""
        import torch

        with torch.inference_mode():
            return [self.base.exact(input_ids=torch.tensor([row.ids])).logits for row in rows]

    def _before(self, cell: Cell) -> Adapter | None:
        names = list(self.tasks)
        other = names[names.index(cell.task) - 1]
        before = cell.model_copy(update={"task": other})
        return self.adapter(before) if (self.folder / before.key).is_dir() else None

    @contextmanager
    def _mixed(self, text: str, adapters: Sequence[Adapter]) -> Iterator[None]:
        """As the server composes a mix, with the gate's weights between the two factors."""
        from torch.nn.functional import linear

        from skillweave.agent.nano.adapted import layers_of

        mix = parse_mix(text)
        gated = mix.gate != "constant"
        composed = compose(mix, adapters, [prototypes_of(a) for a in adapters] if gated else ())
        layers, hooks = layers_of(self.base.exact), []
        for name, factors in composed.factors.items():

            def add(
                _layer: object,
                given: tuple[Tensor, ...],
                out: Tensor,
                name: str = name,
                a: Tensor = factors.a,
                b: Tensor = factors.b,
            ) -> Tensor:
                shrunk = linear(given[0], a)
                gate = composed.gates.get(name)
                if gate is not None:
                    flat = given[0].reshape(-1, given[0].shape[-1])
                    shrunk = shrunk * gate(flat).view(*shrunk.shape)
                return out + linear(shrunk, b)

            hooks.append(layers[name].register_forward_hook(add))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def lesson_of(task: TeachTask, cell: Cell) -> Lesson:
    """The examples of a cell, as a user would give them."""
    pairs: list[Pair] = pairs_of(task, "train", cell.size, cell.seed)
    cases = tuple(Case(input=pair.input, expected=pair.output) for pair in pairs)
    return Lesson(
        name=task.name,
        examples=cases,
        description=task.description,
        start=cell.start,
        seed=cell.seed,
    )

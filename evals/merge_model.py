"""Whole adapters of a large model merged on the CPU and on a GPU, and PEFT's ``svd`` beside it.

An adapter here changes every linear layer of the model. PEFT merges one module of each shape only,
and what a whole adapter would take it is extrapolated from that.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import product
from math import inf, prod
from typing import TYPE_CHECKING, Final

from skillweave.agent.serving.plugin.compose import compose
from skillweave.evals.machine import Machine
from skillweave.evals.merge_bench import (
    MergeRow,
    Timing,
    load_libraries,
    measure,
    name_of,
    timed,
    weights_of,
)
from skillweave.evals.merge_shapes import SHAPES, Device, Llama, ModelName, draw
from skillweave.skills.factors import Adapter, Factors, compress, relative_error, weighted_sum
from skillweave.skills.mix import Mix, Term
from skillweave.skills.model import Frozen

if TYPE_CHECKING:
    import torch

RANKS: Final = (16, 64)
ADAPTERS: Final = (2, 4)
RUNS: Final = 5
"""Of each merge; the first ones may wait for memory that the process never had."""
ENOUGH: Final = 2.0
"""After so many seconds a compression is not timed once more."""
PEFT_ADAPTERS: Final = 4
PEFT_RANK: Final = 16
"""What PEFT merges; a dense decomposition takes it as long whatever the rank."""

Merge = Callable[[Sequence[Adapter]], Adapter]


class Merged(Frozen):
    """One way to merge whole adapters."""

    times: tuple[Timing, ...]
    bytes: int
    """Of the result."""

    @property
    def median(self) -> float:
        """Seconds by the clock."""
        return statistics.median(time.seconds for time in self.times)


class ModelRow(Frozen):
    """So many adapters of one rank, on one device, in float32."""

    device: Device
    adapters: int
    rank: int
    bytes: int
    """Of all these adapters."""
    concatenation: Merged
    """Their exact sum: the ranks add up."""
    compression: Merged
    """That sum, and then its nearest adapter of the rank of one."""
    error: float
    """Of the compression: relative distance in the first layer from the one in float64."""
    composition: Merged
    """What the vLLM plugin does when a mix is asked for: their sum, in bfloat16."""


class ModelFigures(Frozen):
    """What was found, and everything needed to repeat it."""

    command: str
    made: str
    seed: int
    threads: int
    device: str
    """The name of the GPU, or ``cpu``."""
    machine: Machine
    model: Llama
    rows: tuple[ModelRow, ...] = ()
    peft: tuple[MergeRow, ...] = ()
    """One module of each shape, on the device."""
    peft_extrapolated: float | None = None
    """Seconds for a whole adapter, which were not measured: the medians of `peft`, each times the
    modules of its shape. None while one is missing."""


def run_model_merges(
    shapes: ModelName,
    *,
    device: Device,
    seed: int,
    threads: int,
    machine: Machine,
    on_figures: Callable[[ModelFigures], None] = lambda _: None,
) -> ModelFigures:
    """Measure a model of these `SHAPES`, with ``cuda`` on the GPU first and then on the CPU.

    ``on_figures`` gets what is there after every step, so that a run that is cut short is of use.
    The slowest comes last: PEFT, from the smallest shape to the largest.
    """
    import torch

    model = SHAPES[shapes]
    found = ModelFigures(
        command=f"skillweave eval merges --shapes {shapes} --seed {seed} --threads {threads}"
        f" --device {device}",
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        threads=threads,
        device=name_of(device),
        machine=machine,
        model=model,
    )
    torch.set_num_threads(threads)
    for place, rank, count in product(dict.fromkeys((device, "cpu")), RANKS, ADAPTERS):
        parts = [draw(model, rank, seed + index, device) for index in range(count)]
        row = measure_model([_moved(part, place) for part in parts], rank, place)
        found = found.model_copy(update={"rows": (*found.rows, row)})
        on_figures(found)
    load_libraries(device)
    for shape in sorted(set(model.layer.values()), key=prod):
        module = measure(
            shape, adapters=PEFT_ADAPTERS, rank=PEFT_RANK, repeats=1, seed=seed, device=device
        )
        peft = (*found.peft, module)
        update = {"peft": peft, "peft_extrapolated": extrapolated(model, peft)}
        found = found.model_copy(update=update)
        on_figures(found)
    return found


def measure_model(parts: Sequence[Adapter], rank: int, device: Device) -> ModelRow:
    """Merge adapters of one rank in every way; they are on the device."""
    import torch

    weights = weights_of(len(parts))
    terms = [Term(name=f"skill-{i}", weight=weight) for i, weight in enumerate(weights)]
    mix = Mix(terms=tuple(terms))

    def concatenated(parts: Sequence[Adapter]) -> Adapter:
        return weighted_sum(parts, weights)

    def compressed(parts: Sequence[Adapter]) -> Adapter:
        return compress(weighted_sum(parts, weights), rank)

    def composed(parts: Sequence[Adapter]) -> Adapter:
        total = compose(mix, parts).factors
        return {module: factors.to(torch.bfloat16) for module, factors in total.items()}

    first = [_first_layer(part) for part in parts]
    exact = compressed([_moved(part, "cpu", torch.float64) for part in first])
    concatenated(parts)  # takes most of the memory that those to be timed need
    return ModelRow(
        device=device,
        adapters=len(parts),
        rank=rank,
        bytes=sum(map(_bytes, parts)),
        concatenation=_merged(concatenated, parts, device),
        compression=_merged(compressed, parts, device, enough=ENOUGH),
        error=relative_error(_moved(compressed(first), "cpu", torch.float64), exact),
        composition=_merged(composed, parts, device),
    )


def extrapolated(model: Llama, rows: Iterable[MergeRow]) -> float | None:
    """The seconds that PEFT would take for a whole adapter, if every shape of the model is there."""
    seconds = {
        (row.size, row.inputs or row.size): statistics.median(t.seconds for t in row.peft)
        for row in rows
    }
    shapes = model.layer.values()
    if not seconds.keys() >= set(shapes):
        return None
    return round(model.layers * sum(seconds[shape] for shape in shapes), 1)


def summary(figures: ModelFigures) -> list[str]:
    """A line for every measurement, by the medians."""
    lines = []
    for row in figures.rows:
        ways = {"sum": row.concatenation, "compressed": row.compression, "mix": row.composition}
        took = ", ".join(f"{name} {merged.median:.4g} s" for name, merged in ways.items())
        lines.append(f"{row.device}: {row.adapters} of rank {row.rank}: {took}")
    for one in figures.peft:
        shape = f"{one.size}x{one.inputs or one.size}"
        lines.append(f"{shape}: {one.ratio:g} times faster than PEFT, same to {one.difference:.0e}")
    if figures.peft_extrapolated is not None:
        lines.append(f"a whole adapter by PEFT, extrapolated: {figures.peft_extrapolated:g} s")
    return lines


def _merged(merge: Merge, parts: Sequence[Adapter], device: Device, enough: float = inf) -> Merged:
    """Merge the first layer without a clock, for its size and the libraries, then all layers."""
    modules, first = len(parts[0]), [_first_layer(part) for part in parts]
    size = _bytes(merge(first)) * modules // len(first[0])
    times: list[Timing] = []
    while len(times) < RUNS and sum(time.seconds for time in times) < enough:
        times.append(timed(lambda: merge(parts), device))
    return Merged(times=tuple(times), bytes=size)


def _first_layer(adapter: Adapter) -> Adapter:
    return {module: f for module, f in adapter.items() if module.startswith("model.layers.0.")}


def _moved(adapter: Adapter, device: Device, dtype: torch.dtype | None = None) -> Adapter:
    return {
        module: Factors(factors.a.to(device, dtype), factors.b.to(device, dtype))
        for module, factors in adapter.items()
    }


def _bytes(adapter: Adapter) -> int:
    return sum(factors.a.nbytes + factors.b.nbytes for factors in adapter.values())

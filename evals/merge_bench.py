"""Compression of a merge: QR of the factors with a small SVD, against PEFT's dense ``svd`` merge."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from skillweave.evals.machine import Machine
from skillweave.evals.merge_shapes import Device, Shape
from skillweave.skills.errors import SettingsError
from skillweave.skills.factors import Factors, compress, relative_error, weighted_sum
from skillweave.skills.model import Frozen

if TYPE_CHECKING:
    from peft import PeftModel

MODULE = "layer"
FACTOR_RUNS = 5
DEFAULT_SIZES = ("1024:3", "4096:1")


class Timing(Frozen):
    """What one merge took."""

    seconds: float
    cpu_seconds: float
    """Of this process: a busy machine does not lengthen it. On a GPU it says nothing."""
    peak_bytes: int | None = None
    """The most memory of a GPU that it took beside what was taken before."""


class MergeRow(Frozen):
    """One size: a module of that width."""

    size: int
    """Outputs of the module."""
    inputs: int | None = None
    """Its inputs, where the module is not square."""
    adapters: int
    rank: int
    """Of each adapter, and of the result."""
    peft: tuple[Timing, ...]
    factors: tuple[Timing, ...]
    ratio: float
    """How many times longer PEFT takes by the clock, median by median."""
    cpu_ratio: float
    """The same in CPU time, which other work on the machine hardly changes."""
    difference: float
    """Relative Frobenius distance of the two results."""


class MergeFigures(Frozen):
    """What the benchmark found, and everything needed to repeat it."""

    command: str
    made: str
    seed: int
    threads: int
    machine: Machine
    rows: tuple[MergeRow, ...]


def parse_plan(sizes: Sequence[str]) -> list[tuple[int, int]]:
    """``["1024:3", "64"]`` as ``[(1024, 3), (64, 1)]``."""
    plan = []
    for text in sizes:
        size, _, repeats = text.partition(":")
        if not (size.isdecimal() and (repeats or "1").isdecimal() and int(size) and repeats != "0"):
            raise SettingsError(f"--size {text}: no size; write it like 1024 or 1024:3")
        plan.append((int(size), int(repeats or 1)))
    return plan


def run_merges(
    plan: Sequence[tuple[int, int]],
    *,
    rank: int,
    seed: int,
    threads: int,
    machine: Machine,
    on_row: Callable[[MergeRow], None] = lambda _: None,
) -> MergeFigures:
    """Measure each ``(size, repeats)`` of the plan, one after another in this process."""
    import torch

    torch.set_num_threads(threads)
    load_libraries("cpu")
    rows = []
    for size, repeats in plan:
        shape = (size, size)
        rows.append(measure(shape, adapters=4, rank=rank, repeats=repeats, seed=seed, device="cpu"))
        on_row(rows[-1])
    sizes = " ".join(f"--size {size}:{repeats}" for size, repeats in plan)
    return MergeFigures(
        command=f"skillweave eval merges {sizes} --rank {rank} --seed {seed} --threads {threads}",
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        threads=threads,
        machine=machine,
        rows=tuple(rows),
    )


def measure(
    shape: Shape, *, adapters: int, rank: int, repeats: int, seed: int, device: Device
) -> MergeRow:
    """Merge the same adapters both ways in turn; the factors `FACTOR_RUNS` times in each turn.

    The factors have one run before the first turn that is not counted: touching memory for the
    first time would weigh on their milliseconds and not on PEFT's seconds.
    """
    model = _model(shape, adapters, rank, seed, device)
    names = [str(index) for index in range(adapters)]
    weights = weights_of(adapters)
    parts = [{MODULE: _factors(model, name)} for name in names]

    def ours() -> dict[str, Factors]:
        return compress(weighted_sum(parts, weights), rank)

    def theirs() -> None:
        model.add_weighted_adapter(names, weights, "merged", combination_type="svd", svd_rank=rank)

    result = ours()
    slow: list[Timing] = []
    fast: list[Timing] = []
    for _ in range(repeats):
        fast += [timed(ours, device) for _ in range(FACTOR_RUNS)]
        if "merged" in model.peft_config:
            model.delete_adapter("merged")
        slow.append(timed(theirs, device))
    out, inputs = shape
    return MergeRow(
        size=out,
        inputs=None if inputs == out else inputs,
        adapters=adapters,
        rank=rank,
        peft=tuple(slow),
        factors=tuple(fast),
        ratio=_ratio([t.seconds for t in slow], [t.seconds for t in fast]),
        cpu_ratio=_ratio([t.cpu_seconds for t in slow], [t.cpu_seconds for t in fast]),
        difference=relative_error(result, {MODULE: _factors(model, "merged")}),
    )


def name_of(device: Device) -> str:
    """``cpu``, or the name of the GPU.

    Raises:
        SettingsError: there is none.
    """
    import torch

    if device == "cpu":
        return device
    if not torch.cuda.is_available():
        raise SettingsError("there is no CUDA device here; leave --device out")
    return torch.cuda.get_device_name()


def load_libraries(device: Device) -> None:
    """Merge something small, so that the first time that counts does not wait for libraries."""
    measure((64, 64), adapters=2, rank=4, repeats=1, seed=0, device=device)


def weights_of(adapters: int) -> list[float]:
    """The weights that so many adapters are merged with: 1, -1/2, 1/3 and so on."""
    return [(-1.0) ** index / (index + 1) for index in range(adapters)]


def timed(run: Callable[[], object], device: Device) -> Timing:
    """What a run took until the device had nothing left to do."""
    from torch import cuda

    before, peak = 0, None
    if device == "cuda":
        cuda.synchronize()
        cuda.reset_peak_memory_stats()
        before = cuda.memory_allocated()
    began, cpu = time.perf_counter(), time.process_time()
    run()
    if device == "cuda":
        cuda.synchronize()
        peak = cuda.max_memory_allocated() - before
    took, cpu_took = time.perf_counter() - began, time.process_time() - cpu
    return Timing(seconds=round(took, 6), cpu_seconds=round(cpu_took, 6), peak_bytes=peak)


def _ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    return round(statistics.median(slow) / statistics.median(fast), 1)


def _model(shape: Shape, adapters: int, rank: int, seed: int, device: Device) -> PeftModel:
    """A model of one linear layer with random adapters."""
    import torch

    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise SettingsError(
            "PEFT is not installed; run: pip install 'skillweave[train]'"
        ) from error

    torch.manual_seed(seed)
    base = torch.nn.Module()
    out, inputs = shape
    base.add_module(MODULE, torch.nn.Linear(inputs, out, bias=False, device=device))
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules=[MODULE], init_lora_weights=False
    )
    model: PeftModel = get_peft_model(base, config, adapter_name="0")
    for index in range(1, adapters):
        model.add_adapter(str(index), config)
    return model


def _factors(model: PeftModel, name: str) -> Factors:
    layer = model.base_model.model.get_submodule(MODULE)
    a = layer.lora_A[name].weight.detach().clone()
    return Factors(a, layer.lora_B[name].weight.detach() * layer.scaling[name])

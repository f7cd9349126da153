"""The plugin on a GPU: right answers from one mixed batch, with and without CUDA graphs, and its speed.

``python -m skillweave.evals.gpu --out FILE`` starts all lanes at once, each an engine in a process of
its own (`gpu_system`) over nano and the adapters that come with skillweave. All answer one batch that
mixes everything a request can ask for; the log-probabilities are compared with `gpu_reference`. Then
the lanes take turns under load. FILE is written after every part, so that what fails or takes too long
costs no more than itself; each engine's log lies beside it.

vLLM's kernels for adapters take 16-bit numbers only, so no difference can be as small as that of the
tests on the CPU in float32. What rounding alone does is measured: the reference itself in the type of
the engines against the reference in float32.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from skillweave.agent.serving.weights import NANO
from skillweave.evals.gpu_check import Check
from skillweave.evals.gpu_jobs import loads, write_library
from skillweave.evals.gpu_lanes import LANES, Lane, running
from skillweave.evals.gpu_reference import Reference
from skillweave.evals.machine import this_machine
from skillweave.evals.merge_bench import name_of
from skillweave.evals.merge_shapes import Device


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="write the figures here")
    parser.add_argument("--lanes", default=",".join(LANES), help="some of: %(default)s")
    parser.add_argument("--dtype", default="float16", help="of the engines")
    parser.add_argument("--options", type=json.loads, default={}, help="more for vLLM's LLM (JSON)")
    parser.add_argument("--cache", type=Path, help="where what was compiled is kept for next time")
    parser.add_argument("--seconds", type=float, default=400, help="after which it ends")
    return parser.parse_args()


def main() -> None:
    wanted = arguments()
    until = time.monotonic() + wanted.seconds
    options = {"dtype": wanted.dtype, "gpu_memory_utilization": 0.05, **wanted.options}
    lanes = wanted.lanes.split(",")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder)
        write_library(library)
        caches = wanted.cache or library / "caches"
        with running(lanes, library, options, wanted.out, caches) as found:
            check = Check(wanted.out, found, until)
            measure(check, found, library, wanted.dtype)


def measure(check: Check, lanes: Mapping[str, Lane], library: Path, dtype: str) -> None:
    """All parts, one after the other."""
    import torch

    device: Device = "cuda" if torch.cuda.is_available() else "cpu"
    references = {
        "float32": Reference(NANO, library, torch.float32, device),
        "own": Reference(NANO, library, getattr(torch, dtype), device),
    }
    check.part("device", partial(name_of, device))
    check.part("machine", this_machine().model_dump)
    for name in list(lanes):
        check.part(f"start of {name}", partial(check.started, name))
        if name in lanes and not name.startswith("stock"):
            check.part(f"rows of {name}", partial(check.rows, name, references))
    check.part("agreement", check.agreement)
    for name, load in loads().items():
        check.part(name, partial(check.speed, load))
    check.part("ratios", check.ratios)


if __name__ == "__main__":
    main()

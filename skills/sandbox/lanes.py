"""The commands that start a worker: inside bubblewrap, or bare with Landlock and seccomp only."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from skillweave.skills.sandbox.values import Lane

SCRATCH_BYTES = 64 << 20
_HERE = Path(__file__).resolve().parent
_TRANSIENT_USERS = range(61184, 65520)
"""The range systemd sets aside for transient users; no person or service owns files with these."""
_SYSTEM_LIBRARIES = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/nix/store")
_TIME_ZONES = "/usr/share/zoneinfo"
_INSIDE = ("worker.py", "lockdown.py", "seccomp.py", "tool_call.py", "scratch.py")
"""The files that run in the worker."""
_LANDLOCK = 3
"""The first version that also covers truncation."""
_FLAGS = ("-I", "-S", "-B", "-X", "utf8")


@dataclass(frozen=True)
class Interpreter:
    """A Python to run workers with: a file below a prefix that also holds its standard library."""

    executable: Path
    prefix: Path

    def open_to_all(self) -> bool:
        """Whether a user without rights can reach it (a home folder of mode 0700 cannot be)."""
        folders = (self.prefix, *self.prefix.parents)
        return all(folder.stat().st_mode & 0o005 == 0o005 for folder in folders)


@dataclass(frozen=True)
class Launch:
    """How to start one worker, and what to remove when it has ended."""

    command: tuple[str, ...]
    environment: dict[str, str]
    scratch: Path | None = None


def interpreters() -> Iterator[Interpreter]:
    """The Python this program runs on, then the system's, when they are there and 3.10 or later."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    prefix = Path(sys.base_prefix).resolve()
    own = prefix / "bin" / version
    if own.exists():
        yield Interpreter(own, prefix)
    system = Path("/usr/bin/python3")
    if system.exists() and system.resolve() != own.resolve() and _is_recent(system):
        yield Interpreter(system, Path("/usr"))


def _is_recent(python: Path) -> bool:
    check = "import sys; sys.exit(sys.version_info < (3, 10))"
    done = subprocess.run([python, "-I", "-S", "-c", check], capture_output=True, check=False)
    return done.returncode == 0


def launch(lane: Lane, interpreter: Interpreter) -> Launch:
    """A fresh way to start one worker; each worker needs its own."""
    user = secrets.choice(_TRANSIENT_USERS) if os.geteuid() == 0 else None
    return (_bubblewrap if lane == "bubblewrap" else _landlock)(interpreter, user)


def why_not(lane: Lane, interpreter: Interpreter) -> str | None:
    """What is missing for a lane, where that shows without starting anything."""
    if sys.platform != "linux":
        return f"it needs Linux, this is {sys.platform}"
    if lane == "bubblewrap" and shutil.which("bwrap") is None:
        return "the program bwrap is not installed (package bubblewrap)"
    if lane == "landlock" and os.geteuid() == 0 and not interpreter.open_to_all():
        return f"{interpreter.prefix} cannot be read without root's rights, which tools never get"
    return None


def _bubblewrap(interpreter: Interpreter, user: int | None) -> Launch:
    """No network, processes, files or host name of the machine are there to be seen.

    As root, bubblewrap makes the namespaces with root's rights and the worker gives them up: inside
    a user namespace it would still be root outside, and the limit on threads would not bind it.
    An ordinary user gets a user namespace. Mounts go on the root folder only, and ``--remount-ro``
    comes after the last.
    """
    inside = _inside(interpreter)
    scratch = "/tmp"
    config: Mapping[str, JsonValue] = {  # the worker's `Config`
        "scratch": scratch,
        "read": [str(inside.prefix / "lib"), *_SYSTEM_LIBRARIES, _TIME_ZONES],
        "user": user,
        "landlock": 0,
        "count_threads": True,
        "scratch_bytes": None,
    }
    if user is None:
        identity = ["--unshare-user", "--uid", "1000", "--gid", "1000", "--disable-userns"]
    else:
        kept = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
        identity = ["--cap-drop", "ALL", *(w for cap in kept for w in ("--cap-add", cap))]
    command = [
        shutil.which("bwrap") or "bwrap",
        *identity,
        *("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"),
        *("--unshare-net", "--hostname", "sandbox", "--die-with-parent", "--new-session"),
        *_system_folders(),
        *(() if inside == interpreter else ("--ro-bind", str(interpreter.prefix), "/py")),
        *(w for file in _INSIDE for w in ("--ro-bind", str(_HERE / file), f"/worker/{file}")),
        *_devices(),
        *("--size", str(SCRATCH_BYTES), "--perms", "1777", "--tmpfs", scratch),
        *("--chdir", scratch, "--remount-ro", "/", "--clearenv"),
        *(w for pair in _environment(inside, scratch).items() for w in ("--setenv", *pair)),
        *(str(inside.executable), *_FLAGS, "/worker/worker.py", json.dumps(config)),
    ]
    return Launch(tuple(command), {})


def _landlock(interpreter: Interpreter, user: int | None) -> Launch:
    """The same locks without namespaces: other files can be seen to exist, not read or changed."""
    base = "/tmp" if user is not None else None  # a transient user must be able to get there
    scratch = Path(tempfile.mkdtemp(prefix="skillweave-", dir=base)).resolve()
    if user is not None:
        os.chown(scratch, user, user)
    config: Mapping[str, JsonValue] = {
        "scratch": str(scratch),
        "read": [str(interpreter.prefix / "lib"), *_SYSTEM_LIBRARIES, _TIME_ZONES],
        "user": user,
        "landlock": _LANDLOCK,
        "count_threads": user is not None,
        "scratch_bytes": SCRATCH_BYTES,
    }
    command = (str(interpreter.executable), *_FLAGS, str(_HERE / "worker.py"), json.dumps(config))
    return Launch(command, _environment(interpreter, str(scratch)), scratch)


def _inside(interpreter: Interpreter) -> Interpreter:
    """Where the interpreter is found in the bubblewrap lane; what is not the system's is at /py."""
    if interpreter.prefix.is_relative_to("/usr"):
        return interpreter
    prefix = Path("/py")
    return Interpreter(prefix / interpreter.executable.relative_to(interpreter.prefix), prefix)


def _system_folders() -> list[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for folder in map(Path, ("/bin", "/lib", "/lib64", "/nix/store")):
        if folder.is_symlink():
            words += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            words += ["--ro-bind", str(folder), str(folder)]
    return words


def _devices() -> list[str]:
    words = ["--tmpfs", "/dev"]
    for device in ("/dev/null", "/dev/zero", "/dev/urandom"):
        words += ["--dev-bind", device, device]
    return [*words, "--remount-ro", "/dev"]


def _environment(interpreter: Interpreter, scratch: str) -> dict[str, str]:
    return {
        "PATH": "/usr/bin",
        "HOME": scratch,
        "TMPDIR": scratch,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "LD_LIBRARY_PATH": str(interpreter.prefix / "lib"),
    }

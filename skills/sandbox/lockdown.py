"""What a tool's process gives up before its code runs: privileges, resources, files, system calls.

Pure ctypes over the Linux calls, so that it works with whichever interpreter the worker runs on.
Every function raises ``OSError`` when the kernel refuses; nothing here may fail silently.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
from collections.abc import Iterable
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP = 1, 4, 22
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38


def _checked(result: int, call: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result


def _prctl(option: int, argument: object = 0, pointer: object = 0) -> None:
    _checked(_libc.prctl(option, argument, pointer, 0, 0), f"prctl({option})")


# --- privileges and resources -------------------------------------------------------------------


def signal_at_parents_death(number: int) -> None:
    """Get this signal when the process (exactly: the thread) that started this one ends."""
    _prctl(_PR_SET_PDEATHSIG, number)


def hide_memory() -> None:
    """No process of the same user may trace this one or read its memory."""
    _prctl(_PR_SET_DUMPABLE, 0)


def drop_privileges(user: int) -> None:
    """Become an ordinary user for good, from root: no groups, no capabilities, none to regain."""
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            if capability == 0:
                raise OSError(ctypes.get_errno(), "the capability bounding set cannot be emptied")
            break
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def limit_resources(
    *, cpu_seconds: int, memory_bytes: int, file_bytes: int, threads: int | None
) -> None:
    """Set hard limits; ``threads`` is None where other processes of the user would count too."""
    limits: list[tuple[int, int, int]] = [
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1),
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes, file_bytes),
        (resource.RLIMIT_NOFILE, 64, 64),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
    ]
    if threads is not None:
        limits.append((resource.RLIMIT_NPROC, threads, threads))
    for which, soft, hard in limits:
        _, already = resource.getrlimit(which)
        cap = already if already != resource.RLIM_INFINITY else hard
        resource.setrlimit(which, (min(soft, cap), min(hard, cap)))


# --- Landlock: which files can be reached --------------------------------------------------------

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_TRUNCATE = 1 << 14
_READ = _READ_FILE | _READ_DIR
_WRITE = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _TRUNCATE
_FOR_FILES = _WRITE_FILE | _READ_FILE | _TRUNCATE
_FILE_RIGHTS_OF_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}


def landlock_abi() -> int:
    """Version of Landlock in this kernel; 0 when there is none."""
    return max(0, int(_libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)))


def file_rules(read: Iterable[str], write: Iterable[str]) -> int:
    """A Landlock ruleset (a descriptor) that lets through these paths only, where they exist."""
    abi = landlock_abi()
    handled = (1 << _FILE_RIGHTS_OF_ABI.get(abi, 16)) - 1
    all_network, all_scopes = 0b11, 0b11
    attributes = struct.pack("=QQQ", handled, all_network, all_scopes)
    attributes = attributes[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    rules = _checked(
        _libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0),
        "landlock_create_ruleset",
    )
    for paths, rights in ((read, _READ & handled), (write, _WRITE & handled)):
        for path in map(Path, paths):
            if path.exists():
                _allow(rules, path, rights if path.is_dir() else rights & _FOR_FILES)
    return rules


def _allow(rules: int, path: Path, rights: int) -> None:
    target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rule = struct.pack("=Qi", rights, target)
    _checked(_libc.syscall(_LANDLOCK_ADD, rules, 1, rule, 0), f"landlock_add_rule({path})")
    os.close(target)


def restrict_files(rules: int) -> None:
    """Apply a ruleset of `file_rules` to this process, for good."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _checked(_libc.syscall(_LANDLOCK_RESTRICT, rules, 0), "landlock_restrict_self")


# --- seccomp: which system calls can be made -----------------------------------------------------


def restrict_calls(program: bytes) -> None:
    """Apply a program of `seccomp` to this process, for good."""
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, 2, header)

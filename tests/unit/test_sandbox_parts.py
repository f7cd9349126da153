"""The parts of the sandbox that are pure: the system call filter, the scratch folder, the answers."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from skillweave.skills.sandbox import scratch, seccomp
from skillweave.skills.sandbox.answers import DEEPEST, read_json
from skillweave.skills.sandbox.tool_call import run_tool

ALLOWED, KILLED = "allowed", "killed"
ME = 4242
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CALLS = {
    "x86_64": {
        "read": 0, "write": 1, "openat": 257, "mmap": 9, "futex": 202, "fork": 57, "vfork": 58,
        "clone": 56, "clone3": 435, "execve": 59, "socket": 41, "kill": 62, "tgkill": 234,
        "prlimit64": 302, "fcntl": 72, "prctl": 157, "ioctl": 16, "ptrace": 101, "mount": 165,
        "chmod": 90, "getpid": 39, "landlock": 446, "unshare": 272,
    },
    "aarch64": {
        "read": 63, "write": 64, "openat": 56, "mmap": 222, "futex": 98,
        "clone": 220, "clone3": 435, "execve": 221, "socket": 198, "kill": 129, "tgkill": 131,
        "prlimit64": 261, "fcntl": 25, "prctl": 167, "ioctl": 29, "ptrace": 117, "mount": 40,
        "fchmodat": 53, "getpid": 172, "landlock": 446, "unshare": 97,
    },
}  # fmt: skip
PTHREAD = 0x3D0F00


def verdict(program: bytes, architecture: int, number: int, *arguments: int) -> str:
    """Run a classic BPF program as the kernel would."""
    data = struct.pack("=IIQ", number, architecture, 0)
    data += b"".join(struct.pack("=Q", argument) for argument in (*arguments, *[0] * 6)[:6])
    loaded, position = 0, 0
    while True:
        code, if_true, if_false, value = struct.unpack_from("=HBBI", program, position * 8)
        position += 1
        if code == 0x20:
            (loaded,) = struct.unpack_from("=I", data, value)
        elif code == 0x06:
            names = {0x7FFF0000: ALLOWED, 0x80000000: KILLED}
            return names.get(value) or os.strerror(value & 0xFFFF)
        else:
            holds = {0x15: loaded == value, 0x35: loaded >= value, 0x45: bool(loaded & value)}[code]
            position += if_true if holds else if_false


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("read", (), ALLOWED),
        ("write", (), ALLOWED),
        ("openat", (), ALLOWED),
        ("mmap", (), ALLOWED),
        ("futex", (), ALLOWED),
        ("getpid", (), ALLOWED),
        ("landlock", (), ALLOWED),
        ("execve", (), "Operation not permitted"),
        ("socket", (), "Operation not permitted"),
        ("kill", (ME, 9), "Operation not permitted"),
        ("ptrace", (), "Operation not permitted"),
        ("mount", (), "Operation not permitted"),
        ("unshare", (), "Operation not permitted"),
        ("clone", (PTHREAD,), ALLOWED),
        ("clone", (17,), "Operation not permitted"),
        ("clone", (PTHREAD | 0x10000000,), "Operation not permitted"),
        ("clone3", (), "Function not implemented"),
        ("tgkill", (ME, ME, 6), ALLOWED),
        ("tgkill", (1, 1, 9), "Operation not permitted"),
        ("prlimit64", (0,), ALLOWED),
        ("prlimit64", (ME,), ALLOWED),
        ("prlimit64", (ME + 1,), "Operation not permitted"),
        ("fcntl", (1, 3), ALLOWED),
        ("fcntl", (1, 8, 1), "Operation not permitted"),
        ("fcntl", (1, 10, 9), "Operation not permitted"),
        ("fcntl", (1, 15), "Operation not permitted"),
        ("prctl", (4, 0), ALLOWED),
        ("prctl", (1, 0), "Operation not permitted"),
        ("ioctl", (0, 0x5401), ALLOWED),
        ("ioctl", (0, 0x5412), "Operation not permitted"),
    ],
)
def test_filter(machine: str, call: str, arguments: tuple[int, ...], expected: str) -> None:
    program = seccomp.SystemCallFilter(machine).program(ME)

    found = verdict(program, ARCHITECTURE[machine], CALLS[machine][call], *arguments)

    assert found == expected


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filter_of_what_it_does_not_know(machine: str) -> None:
    program = seccomp.SystemCallFilter(machine).program(ME)
    other = ARCHITECTURE["aarch64" if machine == "x86_64" else "x86_64"]

    assert verdict(program, other, 0) == KILLED
    assert verdict(program, ARCHITECTURE[machine], 463) == "Function not implemented"
    assert verdict(program, ARCHITECTURE[machine], 0x40000000 | 57) == "Function not implemented"
    assert len(program) % 8 == 0
    assert len(program) // 8 < 4096


@pytest.mark.parametrize("call", ["fork", "vfork", "chmod"])
def test_filter_of_calls_that_only_x86_has(call: str) -> None:
    program = seccomp.SystemCallFilter("x86_64").program(ME)

    assert verdict(program, ARCHITECTURE["x86_64"], CALLS["x86_64"][call]) != ALLOWED


def test_filter_refuses_other_machines() -> None:
    with pytest.raises(OSError, match="riscv64"):
        seccomp.SystemCallFilter("riscv64")


def test_wipe_empties_deep_closed_and_linked_folders(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("stays")
    folder = tmp_path / "scratch"
    folder.mkdir()
    deep = os.open(folder, os.O_RDONLY)
    for _ in range(600):  # longer than a path can be
        os.mkdir("abcdefgh", dir_fd=deep)
        deeper = os.open("abcdefgh", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = deeper
    os.close(deep)
    (folder / "link").symlink_to(outside)
    (folder / "closed").mkdir()
    (folder / "closed" / "link").symlink_to(outside / "file")
    (folder / "closed" / "inner").mkdir()
    (folder / "closed").chmod(0)

    scratch.wipe(folder)

    assert list(folder.iterdir()) == []
    assert (outside / "file").read_text() == "stays"


def test_weight_counts_what_is_on_disk(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"x" * 100_000)

    assert 100_000 <= scratch.weight(str(tmp_path), 1 << 20) <= 150_000


def test_weight_of_too_deep_folders_is_too_much(tmp_path: Path) -> None:
    (tmp_path / "/".join("d" * 70)).mkdir(parents=True)

    assert scratch.weight(str(tmp_path), 1 << 30) > 1 << 30


@settings(deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**100), 10**100)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_reads_every_json_value(value: JsonValue) -> None:
    assert read_json(json.dumps(value).encode()) == value


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_hostile_bytes_raise_value_error_only(data: bytes) -> None:
    try:
        value = read_json(data)
    except ValueError:
        return
    json.dumps(value, allow_nan=False)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"NaN",
        b"[-Infinity]",
        b"1e999",
        b"[" * 200_000,
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b'{"a":' * 100_000,
        b"9" * 10_000,
        b'"\\ud800"',
        b'{"\\udfff": 1}',
        b"\xff",
        b"1 2",
    ],
    ids=lambda data: repr(data[:20]),
)
def test_refuses_what_is_not_json(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_json(data)


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.integers() | st.lists(st.text())))
def test_tool_call_returns_plain_values_unchanged(value: dict[str, JsonValue]) -> None:
    answer = run_tool("def same(value):\n    return value\n", "same", {"value": value})

    assert answer == {"ok": True, "value": value}

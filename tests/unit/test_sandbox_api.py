"""What a caller of the sandbox may rely on."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import JsonValue, ValidationError

import skillweave.skills.sandbox as package
from skillweave.skills.errors import SandboxUnavailableError
from skillweave.skills.sandbox import (
    LANES,
    Lane,
    Limits,
    Sandbox,
    ToolOutcome,
    lanes,
    probe,
    process,
)
from skillweave.skills.sandbox.lanes import Launch

ADD = '''
def add(a: int, b: int) -> int:
    """The sum."""
    return a + b
'''
SLEEP = "import time\n\n\ndef sleep(seconds):\n    time.sleep(seconds)\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    try:
        opened = Sandbox.open()
    except SandboxUnavailableError as error:
        pytest.skip(str(error))
    with opened:
        yield opened


def returned(sandbox: Sandbox, expression: str) -> ToolOutcome:
    source = (
        "import collections, datetime, decimal, enum\n\n"
        "Point = collections.namedtuple('Point', 'x y')\n\n"
        f"def tool():\n    return {expression}\n"
    )
    return sandbox.run(source, "tool", {})


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def descendants(pid: int) -> set[int]:
    """All live processes below one."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found: set[int] = set()
    level = {pid}
    while level := {child for child, parent in parents.items() if parent in level}:
        found |= level
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_exported_names() -> None:
    assert package.__all__ == sorted(package.__all__, key=lambda n: (n != n.upper(), n))
    assert all(hasattr(package, name) for name in package.__all__)


def test_a_call(sandbox: Sandbox) -> None:
    outcome = sandbox.run(ADD, "add", {"a": 1, "b": 2})

    assert outcome.ok
    assert outcome.value == 3
    assert outcome.error is None
    assert outcome.stdout == ""
    assert 0 < outcome.seconds < 10
    assert 0 < outcome.cpu_seconds < 5
    assert 1 << 20 < outcome.memory_bytes < 512 << 20


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("None", None),
        ("[1, 2.5, 'é', True]", [1, 2.5, "é", True]),
        ("(1, (2, 3))", [1, [2, 3]]),
        ("Point(1, 2)", [1, 2]),
        ("{3, 1, 2}", [1, 2, 3]),
        ("frozenset({'b', 'a'})", ["a", "b"]),
        ("datetime.date(2026, 11, 20)", "2026-11-20"),
        ("datetime.datetime(2026, 11, 20, 9, 5)", "2026-11-20T09:05:00"),
        ("datetime.time(9, 5)", "09:05:00"),
        ("{'a': {(1, 2)}}", {"a": [[1, 2]]}),
        ("collections.Counter('aab')", {"a": 2, "b": 1}),
        ("{1: 'one'}", {"1": "one"}),
        ("enum.IntEnum('E', 'A').A", 1),
        ("10 ** 30", 10**30),
    ],
)
def test_returned_values(sandbox: Sandbox, expression: str, value: JsonValue) -> None:
    assert returned(sandbox, expression).value == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("decimal.Decimal('1.5')", "Decimal is not a JSON value"),
        ("b'bytes'", "bytes is not a JSON value"),
        ("(n for n in range(3))", "generator is not a JSON value"),
        ("{1, 'a'}", "cannot be sorted"),
        ("{(1, 2): 3}", "a key of type tuple"),
        ("{True: 1}", "a key of type bool"),
        ("float('nan')", "nan is not a JSON number"),
    ],
)
def test_values_that_are_not_json(sandbox: Sandbox, expression: str, message: str) -> None:
    outcome = returned(sandbox, expression)

    assert outcome.error is not None
    assert outcome.error.type == "NotJSON"
    assert message in outcome.error.message


def test_output_is_captured_apart_from_the_value(sandbox: Sandbox) -> None:
    source = "import sys\n\n\ndef f():\n    print('out é')\n    print('err', file=sys.stderr)\n"

    outcome = sandbox.run(source, "f", {})

    assert outcome.ok
    assert sorted(outcome.stdout.split("\n")) == ["", "err", "out é"]


def test_output_before_an_error_is_kept(sandbox: Sandbox) -> None:
    outcome = sandbox.run("def f():\n    print('so far')\n    return 1 / 0\n", "f", {})

    assert outcome.stdout == "so far\n"
    assert str(outcome.error) == "ZeroDivisionError: division by zero (line 3)"


def test_line_of_an_error_is_the_tools_own(sandbox: Sandbox) -> None:
    source = "import json\n\n\ndef f(text):\n    return json.loads(text)\n"

    outcome = sandbox.run(source, "f", {"text": "{"})

    assert outcome.error is not None
    assert (outcome.error.type, outcome.error.line) == ("JSONDecodeError", 5)


@pytest.mark.parametrize(
    ("source", "function", "arguments", "error"),
    [
        ("def f(:\n", "f", {}, "SyntaxError: invalid syntax (tool.py, line 1) (line 1)"),
        (ADD, "minus", {}, "NameError: the source defines no function 'minus'"),
        (ADD, "add", {"a": 1}, "TypeError: add() missing 1 required positional argument: 'b'"),
        ("import numpy\n", "f", {}, "ModuleNotFoundError: No module named 'numpy' (line 1)"),
        ("raise ValueError('no')\n", "f", {}, "ValueError: no (line 1)"),
        ("\0", "f", {}, None),
    ],
)
def test_broken_calls(
    sandbox: Sandbox, source: str, function: str, arguments: dict[str, JsonValue], error: str | None
) -> None:
    outcome = sandbox.run(source, function, arguments)

    assert not outcome.ok
    assert error is None or str(outcome.error) == error


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_arguments_that_are_not_json(sandbox: Sandbox, value: JsonValue) -> None:
    outcome = sandbox.run(ADD, "add", {"a": value, "b": 1})

    assert outcome.error is not None
    assert outcome.error.type == "NotJSON"
    assert "arguments" in outcome.error.message


def test_modern_tools_work(sandbox: Sandbox) -> None:
    source = """
from __future__ import annotations
import dataclasses, threading, zoneinfo, datetime, tempfile, pathlib, sqlite3


@dataclasses.dataclass
class Item:
    name: str


def f(name):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(Item(name).name))
    thread.start()
    thread.join()
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "a")
        file.write_text(name)
        seen.append(file.read_text())
    seen.append(sqlite3.connect(":memory:").execute("select 1 + 1").fetchone()[0])
    return seen
"""
    assert sandbox.run(source, "f", {"name": "x"}).value == ["x", "x", 2]


def test_random_numbers_differ_from_call_to_call(sandbox: Sandbox) -> None:
    source = "import random\n\n\ndef f():\n    return random.random()\n"

    assert len({sandbox.run(source, "f", {}).value for _ in range(5)}) == 5


def test_large_arguments_and_results(sandbox: Sandbox) -> None:
    text = "é" * 300_000
    source = "def f(text):\n    return text\n"

    assert sandbox.run(source, "f", {"text": text}, Limits(result_bytes=4 << 20)).value == text


def test_large_arguments_that_nobody_reads(sandbox: Sandbox) -> None:
    outcome = sandbox.run("import os\nos._exit(0)\n", "f", {"text": "x" * (8 << 20)})

    assert outcome.error is not None
    assert outcome.error.type == "NoResult"


@pytest.mark.parametrize(
    ("limits", "source", "error"),
    [
        (
            Limits(wall_seconds=0.2),
            "import time\ntime.sleep(60)",
            "TimeLimit: it ran longer than 0.2 s",
        ),
        (Limits(output_bytes=10), "print('x' * 11)", "OutputLimit: it printed more than 10 bytes"),
        (
            Limits(file_bytes=1000),
            "open('f', 'wb', 0).write(b'x' * 1000)\nopen('f', 'ab', 0).write(b'x')",
            "OSError: [Errno 27] File too large (line 2)",
        ),
        (Limits(memory_bytes=64 << 20), "bytearray(64 << 20)", "MemoryError:  (line 1)"),
    ],
)
def test_limits(sandbox: Sandbox, limits: Limits, source: str, error: str) -> None:
    assert str(sandbox.run(source, "f", {}, limits).error) == error


def test_output_up_to_the_limit_is_kept(sandbox: Sandbox) -> None:
    limits = Limits(output_bytes=100_000)

    outcome = sandbox.run("def f():\n    print('x' * 99_999)\n", "f", {}, limits)

    assert outcome.ok
    assert len(outcome.stdout) == 100_000


def test_limits_are_checked() -> None:
    with pytest.raises(ValidationError):
        Limits(cpu_seconds=0)


def test_many_threads_share_two_workers(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(8) as threads:
        futures = [threads.submit(sandbox.run, ADD, "add", {"a": n, "b": 1}) for n in range(60)]
        assert [future.result().value for future in futures] == list(range(1, 61))
    assert 1 <= len(sandbox.pids()) <= 2


async def test_from_asyncio(sandbox: Sandbox) -> None:
    outcomes = await asyncio.gather(
        *(asyncio.to_thread(sandbox.run, ADD, "add", {"a": n, "b": n}) for n in range(10))
    )
    assert [outcome.value for outcome in outcomes] == [2 * n for n in range(10)]


def test_workers_outlive_the_thread_that_needed_them_first() -> None:
    with Sandbox.open(workers=1) as own:
        thread = threading.Thread(target=own.run, args=(ADD, "add", {"a": 1, "b": 1}))
        thread.start()
        thread.join()
        pids = own.pids()
        assert own.run(ADD, "add", {"a": 1, "b": 1}).value == 2
        assert own.pids() == pids


def test_a_dead_worker_is_replaced(sandbox: Sandbox) -> None:
    sandbox.run(ADD, "add", {"a": 1, "b": 1})
    for pid in sandbox.pids():
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda pid=pid: not is_alive(pid))  # type: ignore[misc]

    assert [sandbox.run(ADD, "add", {"a": 1, "b": n}).value for n in range(3)] == [1, 2, 3]


def test_a_worker_that_dies_during_a_call_is_reported() -> None:
    with Sandbox.open(workers=1) as own, ThreadPoolExecutor(1) as threads:
        (pid,) = own.pids()
        idle = len(descendants(pid))
        call = threads.submit(own.run, SLEEP, "sleep", {"seconds": 60})
        assert wait_until(lambda: len(descendants(pid)) > idle)
        os.kill(pid, signal.SIGKILL)
        outcome = call.result()

        assert outcome.error is not None
        assert outcome.error.type == "SandboxFailed"
        assert own.run(ADD, "add", {"a": 1, "b": 1}).value == 2


def test_an_interrupted_call_does_not_answer_the_next(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(exchange: process._Exchange, deadline: float) -> process.Report:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(process._Exchange, "_follow", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sandbox.run(SLEEP, "sleep", {"seconds": 0.1})

    assert [sandbox.run(ADD, "add", {"a": 1, "b": n}).value for n in range(4)] == [1, 2, 3, 4]


@pytest.mark.parametrize("lane", LANES)
def test_close_ends_busy_workers_and_leaves_no_process(lane: Lane) -> None:
    try:
        own = Sandbox.open(lane)
    except SandboxUnavailableError as error:
        pytest.skip(str(error))
    before = descendants(os.getpid())
    with ThreadPoolExecutor(2) as threads:
        (pid,) = own.pids()
        idle = len(descendants(pid))
        call = threads.submit(own.run, SLEEP, "sleep", {"seconds": 60})
        assert wait_until(lambda: len(descendants(pid)) > idle)
        processes = {pid, *descendants(pid)}
        begin = time.monotonic()
        own.close()

        assert call.result().error is not None
        assert time.monotonic() - begin < 10
    assert wait_until(lambda: not any(map(is_alive, processes)))
    assert not descendants(os.getpid()) - before
    assert own.pids() == []
    own.close()
    with pytest.raises(SandboxUnavailableError, match="closed"):
        own.run(ADD, "add", {"a": 1, "b": 1})


@pytest.mark.parametrize("lane", LANES)
def test_nothing_outlives_a_killed_host(lane: Lane) -> None:
    if not probe(lane).usable:
        pytest.skip(f"{lane} does not work here")
    program = f"""
import sys
from skillweave.skills.sandbox import Sandbox
sandbox = Sandbox.open({lane!r})
print(sandbox.run("import os\\n\\n\\ndef f():\\n    return os.getcwd()", "f", {{}}).value, flush=True)
sandbox.run({SLEEP!r}, "sleep", {{"seconds": 60}})
"""
    host = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    with host:
        assert host.stdout is not None
        scratch = Path(host.stdout.readline().decode().strip())
        assert scratch.is_absolute()
        busy = 4 if lane == "bubblewrap" else 2  # the tool's process, and what holds it
        assert wait_until(lambda: len(descendants(host.pid)) >= busy)
        below = descendants(host.pid)
        host.kill()
    assert below
    assert wait_until(lambda: not any(map(is_alive, below)))
    if lane == "landlock":
        assert wait_until(lambda: not scratch.exists())


def test_probe_reports_each_attack() -> None:
    reports = [probe(), *map(probe, LANES)]
    if not any(report.usable for report in reports):
        pytest.skip("; ".join(report.reason for report in reports))
    assert reports[0].usable
    assert reports[0].lane == next(report.lane for report in reports if report.usable)
    for report in reports:
        assert report.reason
        if report.usable:
            assert len(report.attacks) > 10
            assert all(attack.contained for attack in report.attacks)
            assert report.milliseconds_per_call is not None
            assert report.python.startswith("3.")


def test_without_bubblewrap_the_other_lane_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    if not probe("landlock").usable:
        pytest.skip("no Landlock here")
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with Sandbox.open() as own:
        assert own.lane == "landlock"
        assert own.report.lane == "landlock"
    with pytest.raises(SandboxUnavailableError, match="bwrap is not installed"):
        Sandbox.open("bubblewrap")


def test_without_any_lane_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    with pytest.raises(SandboxUnavailableError, match=r"bubblewrap: .*landlock: it needs Linux"):
        Sandbox.open()


def weakened(change: dict[str, JsonValue]) -> Callable[[Lane, lanes.Interpreter], Launch]:
    """The landlock lane with parts of its worker's configuration changed."""
    genuine = lanes.launch

    def launch(lane: Lane, interpreter: lanes.Interpreter) -> Launch:
        honest = genuine(lane, interpreter)
        config = json.loads(honest.command[-1]) | change
        return Launch(
            (*honest.command[:-1], json.dumps(config)), honest.environment, honest.scratch
        )

    return launch


def test_a_lane_with_a_hole_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    if not probe("landlock").usable:
        pytest.skip("no Landlock here")
    monkeypatch.setattr(package.sandbox, "launch", weakened({"read": ["/"]}))

    with pytest.raises(SandboxUnavailableError, match=r"not contained: .*read /etc/passwd"):
        Sandbox.open("landlock")
    assert not probe("landlock").usable


def test_an_old_kernel_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    if not probe("landlock").usable:
        pytest.skip("no Landlock here")
    monkeypatch.setattr(package.sandbox, "launch", weakened({"landlock": 1000}))

    with pytest.raises(SandboxUnavailableError, match="no Landlock of version 1000"):
        Sandbox.open("landlock")


def test_a_worker_that_cannot_start_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def launch(lane: Lane, interpreter: lanes.Interpreter) -> Launch:
        return Launch(("/nonexistent/bwrap",), {})

    monkeypatch.setattr(package.sandbox, "launch", launch)

    with pytest.raises(SandboxUnavailableError, match="/nonexistent/bwrap: No such file"):
        Sandbox.open("landlock")

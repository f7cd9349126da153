"""Hostile tools against every lane that works on this machine."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from skillweave.skills.errors import SandboxUnavailableError
from skillweave.skills.sandbox import LANES, Lane, Limits, Sandbox, ToolOutcome

TIGHT = Limits(cpu_seconds=1, wall_seconds=30.0, memory_bytes=128 << 20)
SHORT = Limits(cpu_seconds=1, wall_seconds=0.5)
REFUSED = frozenset({"PermissionError", "FileNotFoundError", "OSError", "BlockingIOError"})
"""How the kernel says no; OSError is EROFS or EXDEV."""


@dataclass(frozen=True)
class Hostile:
    """The body of a tool that gets the path of a file outside, and how its call must end."""

    name: str
    body: str
    ends: frozenset[str]


def hostile(name: str, body: str, *ends: str) -> Hostile:
    return Hostile(name, textwrap.dedent(body).strip(), frozenset(ends) or REFUSED)


def libc(name: str, call: str) -> Hostile:
    """A call through ctypes, past everything Python could check."""
    body = f"""
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall.restype = ctypes.c_long
        if {call} < 0:
            raise PermissionError(ctypes.get_errno(), "refused")
        return "done"
    """
    return hostile(name, body)


def forge(name: str, data: str) -> Hostile:
    """Write the answer by hand and leave."""
    body = f"""
        import os
        left = {data}
        while left:
            left = left[os.write(4, left):]
        os._exit(0)
    """
    return hostile(name, body, "BadResult")


FILES = [
    hostile("read /etc/passwd", "return open('/etc/passwd').read()"),
    hostile("read /etc/shadow", "return open('/etc/shadow').read()"),
    hostile("read a file outside", "return open(path).read()"),
    hostile("read by relative path", "return open('../../../../../..' + path).read()"),
    hostile("read by descriptor", "import os\nreturn os.open(path, os.O_RDONLY)"),
    hostile("list the root", "import os\nreturn os.listdir('/')"),
    hostile("list homes", "import os\nreturn os.listdir('/root') + os.listdir('/home')"),
    hostile("list the folder", "import os\nreturn os.listdir(os.path.dirname(path))"),
    hostile("overwrite", "open(path, 'w').write('x')"),
    hostile("append", "open(path, 'a').write('x')"),
    hostile("truncate", "import os\nos.truncate(path, 0)"),
    hostile("create beside", "open(path + '.new', 'w').write('x')"),
    hostile("delete", "import os\nos.unlink(path)"),
    hostile("rename", "import os\nos.rename(path, path + '.moved')"),
    hostile("change mode", "import os\nos.chmod(path, 0o777)"),
    hostile("change times", "import os\nos.utime(path, (0, 0))"),
    hostile("change attributes", "import os\nos.setxattr(path, 'user.x', b'x')"),
    hostile("own a file", "import os\nos.chown(path, 0, 0)"),
    hostile("link symbolically", "import os\nos.symlink(path, 'l')\nreturn open('l').read()"),
    hostile("link hard", "import os\nos.link(path, 'l')\nreturn open('l').read()"),
    hostile("make a pipe file", "import os\nos.mkfifo('f')"),
    hostile("change the worker", "import sys\nopen(sys.orig_argv[-2], 'a').write('x')"),
    hostile("own environment by /proc", "return open('/proc/self/environ').read()"),
    hostile(
        "parent's memory by /proc",
        "import os\nreturn len(open(f'/proc/{os.getppid()}/mem').read())",
    ),
    hostile("open a disk", "return open('/dev/sda', 'rb').read(1)"),
    hostile("chroot", "import os\nos.chroot('/tmp')"),
    libc("open by libc", "libc.open(b'/etc/passwd', 0)"),
]
NETWORK = [
    hostile("TCP", "import socket\nsocket.create_connection(('127.0.0.1', 22), 1)"),
    hostile("UDP", "import socket\nsocket.socket(2, 2).sendto(b'x', ('127.0.0.1', 53))"),
    hostile("abstract socket", "import socket\nsocket.socket(1).connect('\\0x')"),
    hostile("raw socket", "import socket\nsocket.socket(17, 3)"),
    hostile("socket pair", "import socket\nsocket.socketpair()"),
    hostile(
        "fetch a page",
        "import urllib.request\nreturn str(urllib.request.urlopen('http://1.1.1.1'))",
        "URLError",
    ),
]
PROCESSES = [
    hostile("fork bomb", "import os\nwhile True:\n    os.fork()"),
    hostile("subprocess", "import subprocess\nreturn subprocess.check_output(['id']).decode()"),
    hostile("system", "import os\nif os.system('id'):\n    raise PermissionError\nreturn 'ran'"),
    hostile("exec", "import os\nos.execv('/bin/sh', ['sh'])"),
    hostile("spawn", "import os\nreturn os.posix_spawn('/bin/sh', ['sh'], {})"),
    hostile("new session", "import os\nos.setsid()"),
    hostile("kill the parent", "import os\nos.kill(os.getppid(), 9)"),
    hostile("kill all", "import os\nos.kill(-1, 9)"),
    hostile("kill the group", "import os\nos.killpg(0, 9)"),
    hostile("become root", "import os\nos.setuid(0)"),
    hostile(
        "raise limits", "import resource as r\nr.setrlimit(r.RLIMIT_AS, (-1, -1))", "ValueError"
    ),
    hostile("limit the parent", "import os, resource as r\nr.prlimit(os.getppid(), 0, (0, 0))"),
    hostile("renice", "import os\nos.setpriority(0, os.getppid(), 19)"),
    hostile("pin", "import os\nos.sched_setaffinity(os.getppid(), {0})"),
    hostile("signal by pipe", "import fcntl, os\nfcntl.fcntl(1, 8, os.getppid())"),
    libc("outlive the worker", "libc.prctl(1, 0, 0, 0, 0)"),
    libc("signal a thread", "libc.syscall(234, os.getppid(), os.getppid(), 9)"),
    libc("clone", "libc.syscall(56, 17, 0, 0, 0, 0)"),
    libc("mount", "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)"),
    libc("unshare", "libc.unshare(0x10000000)"),
    libc("clone into namespaces", "libc.syscall(56, 0x10010000, 0, 0, 0, 0)"),
    libc("ptrace", "libc.ptrace(16, os.getppid(), 0, 0)"),
    libc("read other memory", "libc.process_vm_readv(os.getppid(), 0, 0, 0, 0, 0)"),
    libc("io_uring", "libc.syscall(425, 4, ctypes.create_string_buffer(256))"),
    libc("memory file", "libc.memfd_create(b'x', 0)"),
    libc("bpf", "libc.syscall(321, 0, 0, 0)"),
    libc("keys", "libc.syscall(250, 0, -3, 0)"),
    libc("shared memory", "libc.shmget(0, 4096, 0o1600)"),
    libc("user faults", "libc.syscall(323, 0)"),
    libc("type into the terminal", "libc.ioctl(0, 0x5412, b'x')"),
    libc("another system call table", "libc.syscall(0x40000000 | 57)"),
]
RESOURCES = [
    hostile("infinite loop", "while True:\n    pass", "CpuLimit"),
    hostile(
        "loop that ignores the signal",
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True:\n    pass",
        "CpuLimit",
        "TimeLimit",
    ),
    hostile("sleep", "import time\ntime.sleep(3600)", "TimeLimit"),
    hostile("wait for input", "return input()", "EOFError"),
    hostile("memory at once", "return len(bytearray(10 << 30))", "MemoryError"),
    hostile(
        "memory in steps",
        "kept = []\nwhile True:\n    kept.append(b'x' * (16 << 20))",
        "MemoryError",
    ),
    hostile("memory by doubling", "text = 'x'\nwhile True:\n    text += text", "MemoryError"),
    hostile("huge print", "while True:\n    print('x' * 100_000)", "OutputLimit"),
    hostile(
        "huge error output",
        "import sys\nwhile True:\n    sys.stderr.write('x' * 100_000)",
        "OutputLimit",
    ),
    hostile("huge return", "return 'x' * (4 << 20)", "ResultLimit"),
    hostile(
        "fill the disk",
        """
        import os
        for number in range(10_000):
            with open(f'{number}', 'wb') as file:
                file.write(b'x' * (8 << 20))
        """,
        "OSError",
        "DiskLimit",
    ),
    hostile("huge file", "open('f', 'wb').write(b'x' * (64 << 20))", "OSError"),
    hostile(
        "threads",
        """
        import threading, time
        for _ in range(5000):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        """,
        "RuntimeError",
        "MemoryError",
    ),
    hostile(
        "descriptors",
        "import os\nkept = [os.open('/dev/null', 0) for _ in range(1000)]",
        "OSError",
    ),
    hostile(
        "deep folders",
        "import os\nwhile True:\n    os.mkdir('d')\n    os.chdir('d')",
        "CpuLimit",
        "TimeLimit",
        "DiskLimit",
        "OSError",
    ),
    hostile("endless recursion", "def f():\n    return f()\nreturn f()", "RecursionError"),
    hostile("catastrophic pattern", "import re\nre.match('(a+)+$', 'a' * 60 + 'b')", "CpuLimit"),
    hostile("huge number", "return len(str(7 ** 7 ** 9))", "CpuLimit", "MemoryError", "ValueError"),
    hostile("zip bomb of brackets", "return eval('(' * 50_000)", "SyntaxError", "MemoryError"),
]
RESULTS = [
    forge("forged: nested", "b'[' * 200_000"),
    forge("forged: not a number", 'b\'{"ok": true, "value": NaN}\''),
    forge("forged: infinite", 'b\'{"ok": true, "value": 1e999}\''),
    forge("forged: huge number", "b'{\"ok\": true, \"value\": ' + b'9' * 10_000 + b'}'"),
    forge("forged: not text", "b'\\xff\\xfe'"),
    forge("forged: half a surrogate pair", 'b\'{"ok": true, "value": "\\\\ud800"}\''),
    forge("forged: surrogate key", 'b\'{"ok": true, "value": {"\\\\udfff": 1}}\''),
    forge("forged: another shape", "b'[1, 2]'"),
    forge("forged: another field", 'b\'{"ok": true, "__class__": "x"}\''),
    forge("forged: types", 'b\'{"ok": "yes", "line": []}\''),
    forge("forged: two answers", 'b\'{"ok": true}{"ok": true}\''),
    hostile(
        "flood the result", "import os\nwhile True:\n    os.write(4, b'x' * 65536)", "ResultLimit"
    ),
    hostile("close the result", "import os\nos.close(4)", "NoResult"),
    hostile("close everything", "import os\nos.closerange(0, 100)", "NoResult"),
    hostile(
        "speak to the worker",
        "import os\nfor fd in range(5, 100):\n    os.write(fd, b'{}')",
    ),
    hostile(
        "pickle",
        """
        class Bomb:
            def __reduce__(self):
                return print, ("unpickled",)
        return Bomb()
        """,
        "NotJSON",
    ),
    hostile("a function", "return print", "NotJSON"),
    hostile("nested return", "v = []\nfor _ in range(100_000):\n    v = [v]\nreturn v", "NotJSON"),
    hostile("circular return", "v = []\nv.append(v)\nreturn v", "NotJSON"),
    hostile("not a number", "return [1.0, float('nan')]", "NotJSON"),
    hostile("infinity", "return {'a': float('inf')}", "NotJSON"),
    hostile("huge integer", "return 1 << 100_000", "NotJSON"),
    hostile("half a surrogate pair", "return '\\ud800'", "NotJSON"),
    hostile("half a surrogate pair as key", "return {'\\ud800': 1}", "NotJSON"),
    hostile("leave", "import os\nos._exit(0)", "NoResult"),
    hostile("leave in style", "import sys\nsys.exit(3)", "SystemExit"),
    hostile("interrupt", "raise KeyboardInterrupt", "KeyboardInterrupt"),
    hostile("null pointer", "import ctypes\nctypes.string_at(0)", "Crashed"),
    hostile("abort", "import os\nos.abort()", "Crashed"),
    hostile(
        "an error that cannot be shown",
        """
        class Silent(Exception):
            def __str__(self):
                raise ValueError("no")
        raise Silent
        """,
        "Silent",
    ),
    hostile(
        "an error with a long name",
        "raise type('E' * 1_000_000, (Exception,), {})('m' * 1_000_000)",
        "E" * 100,
    ),
    hostile("an error that is not text", "raise ValueError('\\ud800' + path)", "ValueError"),
    hostile(
        "a broken exit",
        "import sys, json\njson.dumps = None\nsys.stdout = None\nsys.exc_info = None\nreturn object",
        "NoResult",
        "NotJSON",
    ),
]
ATTACKS = [*FILES, *NETWORK, *PROCESSES, *RESOURCES, *RESULTS]


@dataclass(frozen=True)
class Host:
    """A sandbox, and what on the host must stay as it is."""

    sandbox: Sandbox
    canary: Path
    secret: str

    def run(self, body: str, limits: Limits = TIGHT) -> ToolOutcome:
        source = f"def tool(path):\n{textwrap.indent(body, '    ')}\n"
        return self.sandbox.run(source, "tool", {"path": str(self.canary)}, limits)


@pytest.fixture(scope="module", params=LANES)
def host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    lane: Lane = request.param
    secret = "canary-" + os.urandom(16).hex()
    canary = tmp_path_factory.mktemp("outside") / "canary"
    canary.write_text(secret)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKILLWEAVE_TEST_SECRET", secret)
        try:
            sandbox = Sandbox.open(lane, workers=1)
        except SandboxUnavailableError as error:
            pytest.skip(str(error))
        with sandbox:
            yield Host(sandbox, canary, secret)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack_is_contained(host: Host, attack: Hostile) -> None:
    outcome = host.run(attack.body, SHORT if attack.ends == {"TimeLimit"} else TIGHT)

    assert outcome.error is not None, f"it got {str(outcome.value)[:200]}"
    assert outcome.error.type in attack.ends, outcome.error
    assert not outcome.ok
    assert host.secret not in outcome.model_dump_json()
    assert host.canary.read_text() == host.secret
    assert list(host.canary.parent.iterdir()) == [host.canary]
    after = host.run("return 'still at work'")
    assert after.value == "still at work", after


def test_names_of_attacks_are_unique() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 35


def test_environment_holds_nothing_of_the_host(host: Host) -> None:
    outcome = host.run("import os\nreturn dict(os.environ)")

    assert isinstance(outcome.value, dict)
    assert outcome.value.keys() == {"PATH", "HOME", "TMPDIR", "LANG", "TZ", "LD_LIBRARY_PATH"}
    assert host.secret not in str(outcome.value)


def test_tool_is_no_root_and_has_no_capabilities(host: Host) -> None:
    outcome = host.run("import os\nreturn [os.getuid(), os.geteuid(), os.getgid(), os.getgroups()]")

    assert isinstance(outcome.value, list)
    assert 0 not in outcome.value[:3]
    if os.geteuid() == 0:
        assert outcome.value[3] == []


def test_only_four_descriptors_are_open(host: Host) -> None:
    body = """
import os
found = []
for fd in range(256):
    try:
        os.fstat(fd)
    except OSError:
        continue
    found.append(fd)
return found
"""
    assert host.run(body).value == [0, 1, 2, 4]  # 3, the request, has been read and closed


def test_nothing_stays_from_call_to_call(host: Host) -> None:
    leave = """
import builtins, json, math, os, sys, tempfile, threading, time
builtins.leaked = math.leaked = path
json.leaked = path
sys.modules['leaked'] = sys
os.environ['LEAKED'] = path
os.mkdir('kept', 0)
os.makedirs('a/b/c')
open('a/b/c/file', 'w').write(path)
open('file', 'w').write(path)
tempfile.mkstemp()
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
return os.getcwd()
"""
    look = """
import builtins, json, math, os, sys, tempfile
return [
    *(hasattr(m, 'leaked') for m in (builtins, json, math)), 'leaked' in sys.modules,
    'LEAKED' in os.environ, os.listdir('.'), os.listdir(tempfile.gettempdir()),
]
"""
    assert host.run(leave).ok
    assert host.run(look).value == [False, False, False, False, False, [], []]


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_calls_leave_no_descriptors_and_no_processes_in_the_host(host: Host) -> None:
    host.run("return 1")
    descriptors, workers = open_descriptors(), host.sandbox.pids()

    for body in ("return 1", "1 / 0", "import os\nos._exit(1)", "print('x' * 100_000)") * 10:
        host.run(body)

    assert open_descriptors() == descriptors
    assert host.sandbox.pids() == workers

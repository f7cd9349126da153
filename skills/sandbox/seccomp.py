"""The seccomp program: which system calls a tool can make. Pure functions from numbers to bytes.

Everything is allowed but what is named here: new processes, the network, other processes, mounts,
identity, metadata of files, memory outside the limits, and the wide or rare parts of the kernel.
A refused call fails with EPERM, as ordinary code expects of a missing right.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_FIRST_UNKNOWN_CALL = 463
"""Numbers from here on are newer than this table (or belong to the x32 ABI): they do not exist."""

_NUMBERS: Final[dict[str, tuple[int | None, int | None]]] = {  # (x86_64, aarch64)
    # decided by their arguments
    "clone": (56, 220), "clone3": (435, 435), "tgkill": (234, 131), "prlimit64": (302, 261),
    "fcntl": (72, 25), "prctl": (157, 167), "ioctl": (16, 29),
    # new processes and programs
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "setsid": (112, 157), "setpgid": (109, 154),
    # network
    "socket": (41, 198), "socketpair": (53, 199), "bind": (49, 200), "connect": (42, 203),
    "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206),
    "sendmsg": (46, 211), "sendmmsg": (307, 269),
    # other processes
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "process_madvise": (440, 440),
    "process_mrelease": (448, 448), "kcmp": (312, 272), "migrate_pages": (256, 238),
    "move_pages": (279, 239), "sched_setaffinity": (203, 122), "sched_setattr": (314, 274),
    "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    # mounts and namespaces
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "statmount": (457, 457), "listmount": (458, 458),
    # identity
    "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143),
    "setresuid": (117, 147), "setresgid": (119, 149), "setfsuid": (122, 151),
    "setfsgid": (123, 152), "setgroups": (116, 159), "capset": (126, 91),
    # metadata of files, which Landlock does not cover
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "mknod": (133, None),
    "mknodat": (259, 33), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # memory and queues outside the limits, or shared with other processes
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194),
    "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190), "semop": (65, 193),
    "semctl": (66, 191), "semtimedop": (220, 192), "msgget": (68, 186), "msgsnd": (69, 189),
    "msgrcv": (70, 188), "msgctl": (71, 187), "mq_open": (240, 180), "mq_unlink": (241, 181),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    # wide kernel surface
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "seccomp": (317, 277), "vmsplice": (278, 75), "fanotify_init": (300, 262),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "personality": (135, 92),
    "modify_ldt": (154, None), "lookup_dcookie": (212, 18),
    # the machine itself
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142),
    "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "iopl": (172, None), "ioperm": (173, None), "syslog": (103, 116),
    "sethostname": (170, 161), "setdomainname": (171, 162), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "clock_adjtime": (305, 266), "adjtimex": (159, 171),
    "vhangup": (153, 58), "sync": (162, 81), "syncfs": (306, 267),
}  # fmt: skip
_BY_ARGUMENT = frozenset({"clone", "clone3", "tgkill", "prlimit64", "fcntl", "prctl", "ioctl"})

_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_EPERM, _ENOSYS = 0x00050001, 0x00050026
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_AT_NUMBER, _AT_ARCHITECTURE, _AT_ARGUMENTS = 0, 4, 16

_THREAD = 0x00010000
_NEW_NAMESPACES = 0x7E020000
_SIGNALS_BY_FILE = (8, 10, 15)
"""fcntl commands to have a pipe signal other processes: F_SETOWN, F_SETSIG, F_SETOWN_EX."""
_TERMINAL_INPUT = (0x5412, 0x541C)
"""ioctls that type into a terminal: TIOCSTI, TIOCLINUX."""
_DEATH_SIGNAL = (1,)
"""prctl that could undo the death with the worker: PR_SET_PDEATHSIG."""


class _Instruction(NamedTuple):
    code: int
    if_true: int
    if_false: int
    value: int


def _when_call(number: int, body: Sequence[_Instruction]) -> list[_Instruction]:
    """Run ``body``, which must end in a return, when the call has this number."""
    return [_Instruction(_EQUAL, 0, len(body), number), *body]


def _argument_in(
    index: int, values: Sequence[int], *, then: int, otherwise: int
) -> list[_Instruction]:
    """Answer by whether an argument (its low 32 bits) is one of ``values``."""
    body = [_Instruction(_LOAD, 0, 0, _AT_ARGUMENTS + 8 * index)]
    for position, value in enumerate(values):
        body.append(_Instruction(_EQUAL, len(values) - position, 0, value))
    return [*body, _Instruction(_RETURN, 0, 0, otherwise), _Instruction(_RETURN, 0, 0, then)]


def _packed(program: Iterable[_Instruction]) -> bytes:
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


class SystemCallFilter:
    """The program for a kind of machine; all but the part that names the process is assembled once."""

    def __init__(self, machine: str) -> None:
        if machine not in _ARCHITECTURES:
            raise OSError(f"no table of system calls for {machine}")
        self._column, self._architecture = _ARCHITECTURES[machine]
        self._common = _packed(self._rules_for_all())

    def program(self, me: int) -> bytes:
        """The instructions for the process with this id."""
        return _packed(self._rules_for_process(me)) + self._common

    def _number(self, name: str) -> int | None:
        return _NUMBERS[name][self._column]

    def _rule(self, name: str, body: Sequence[_Instruction]) -> list[_Instruction]:
        number = self._number(name)
        return [] if number is None else _when_call(number, body)

    def _rules_for_process(self, me: int) -> list[_Instruction]:
        """The head: right architecture, known numbers; signals and limits only for itself."""
        return [
            _Instruction(_LOAD, 0, 0, _AT_ARCHITECTURE),
            _Instruction(_EQUAL, 1, 0, self._architecture),
            _Instruction(_RETURN, 0, 0, _KILL),
            _Instruction(_LOAD, 0, 0, _AT_NUMBER),
            _Instruction(_AT_LEAST, 0, 1, _FIRST_UNKNOWN_CALL),
            _Instruction(_RETURN, 0, 0, _ENOSYS),
            *self._rule("tgkill", _argument_in(0, (me,), then=_ALLOW, otherwise=_EPERM)),
            *self._rule("prlimit64", _argument_in(0, (0, me), then=_ALLOW, otherwise=_EPERM)),
        ]

    def _rules_for_all(self) -> list[_Instruction]:
        """Threads yes, processes no; then one comparison per refused call, all to one refusal."""
        only_threads = [
            _Instruction(_LOAD, 0, 0, _AT_ARGUMENTS),
            _Instruction(_ANY_BIT, 2, 0, _NEW_NAMESPACES),
            _Instruction(_ANY_BIT, 0, 1, _THREAD),
            _Instruction(_RETURN, 0, 0, _ALLOW),
            _Instruction(_RETURN, 0, 0, _EPERM),
        ]
        refused = [
            number
            for name in sorted(_NUMBERS.keys() - _BY_ARGUMENT)
            if (number := self._number(name)) is not None
        ]
        return [
            *self._rule("clone3", [_Instruction(_RETURN, 0, 0, _ENOSYS)]),  # libc then uses clone
            *self._rule("clone", only_threads),
            *self._rule("fcntl", _argument_in(1, _SIGNALS_BY_FILE, then=_EPERM, otherwise=_ALLOW)),
            *self._rule("ioctl", _argument_in(1, _TERMINAL_INPUT, then=_EPERM, otherwise=_ALLOW)),
            *self._rule("prctl", _argument_in(0, _DEATH_SIGNAL, then=_EPERM, otherwise=_ALLOW)),
            *(
                _Instruction(_EQUAL, len(refused) - position, 0, number)
                for position, number in enumerate(refused)
            ),
            _Instruction(_RETURN, 0, 0, _ALLOW),
            _Instruction(_RETURN, 0, 0, _EPERM),
        ]

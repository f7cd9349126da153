"""Reading a candidate without running it: forbidden code, memorised cases, text that gives orders.

The sandbox contains what slips through; this stage refuses what has no place in a tool.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic import JsonValue

from skillweave.skills.model import Case, Skill

PURE = frozenset(
    "__future__ abc array ast base64 binascii bisect calendar cmath codecs collections copy csv"
    " dataclasses datetime decimal difflib enum fractions functools hashlib heapq html io itertools"
    " json keyword locale math numbers operator re statistics string textwrap types typing"
    " unicodedata urllib zlib zoneinfo".split()
)
"""Modules that compute and reach nothing."""
CHANCE = frozenset("random secrets time uuid".split())
"""Modules whose answers differ from call to call."""
MACHINE = frozenset(
    "atexit fcntl gc inspect os platform resource select shutil signal sys threading".split()
)
"""Modules that reach the machine: a person may bring them (the sandbox holds), growth may not."""
FORBIDDEN = frozenset(
    "builtins code codeop ctypes ftplib http imaplib importlib marshal mmap multiprocessing pickle"
    " poplib pty requests runpy smtplib socket socketserver ssl subprocess telnetlib webbrowser"
    " xmlrpc _thread".split()
)
"""Modules that reach the network, other processes or the interpreter."""
FORBIDDEN_PARTS = ("urllib.request", "urllib.error", "urllib.robotparser")
_CALLS = frozenset(
    "__import__ breakpoint compile delattr eval exec exit globals input quit".split()
)
_FILES = frozenset({"open"})
_IMPORTS = "it imports "
_DUNDERS = frozenset({"__name__", "__doc__", "__all__", "__init__", "__post_init__", "__version__"})
_PAYLOAD = re.compile(r"[A-Za-z0-9+/=_-]{160,}")
_ORDERS = (
    (re.compile(r"\b(ignore|disregard|forget)\b.{0,30}\b(previous|above|prior|other)\b.{0,30}"
                r"\b(instruction|rule|prompt|skill)", re.I | re.S), "tells the model to ignore others"),
    (re.compile(r"\b(curl|wget)\b[^\n|]*\|\s*(ba|z)?sh\b"), "pipes a download into a shell"),
    (re.compile(r"(~|/root|/home/\w+)/\.(ssh|aws|config|netrc)\b"), "names a file of secrets"),
    (re.compile(r"\b(send|post|upload|exfiltrate)\b.{0,60}\b(api[ _-]?keys?|password|secret|token)s?\b",
                re.I | re.S), "asks for secrets to be sent away"),
)  # fmt: skip
_HIDDEN = re.compile("[\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\U000e0000-\U000e007f]")


class Scan(NamedTuple):
    """What reading told."""

    faults: tuple[str, ...]
    permissions: tuple[str, ...]


def scan(skill: Skill, source: str, *, by_person: bool = False) -> Scan:
    """Faults refuse the candidate; permissions are what a person must agree to."""
    texts = (skill.description, skill.body, skill.use_when, skill.avoid_when, *skill.requests)
    faults = list(_faults_of_text("\n".join(texts)))
    permissions: list[str] = []
    if skill.kind == "tool":
        try:
            module = ast.parse(source)
        except (SyntaxError, ValueError) as error:
            return Scan((f"the source cannot be read: {error}",), ())
        for node in ast.walk(module):
            fault, permission = _judge(node)
            if by_person and fault.removeprefix(_IMPORTS).partition(".")[0] in MACHINE:
                fault, permission = "", fault.removeprefix("it ")
            faults += [fault] if fault else []
            permissions += [permission] if permission else []
        faults += _faults_of_module(module, skill)
        faults += _memorised(module, skill.cases)
    return Scan(tuple(dict.fromkeys(faults)), tuple(dict.fromkeys(permissions)))


def _faults_of_text(text: str) -> Iterator[str]:
    if _HIDDEN.search(text):
        yield "its text holds invisible characters"
    for pattern, reason in _ORDERS:
        if pattern.search(text):
            yield f"its text {reason}"


def _judge(node: ast.AST) -> tuple[str, str]:
    """What is wrong with one node, and what it asks for."""
    match node:
        case ast.Import(names=names):
            return _imports([alias.name for alias in names])
        case ast.ImportFrom(module=module, names=names):
            outer = module or "."
            return _imports([outer, *(f"{outer}.{a.name}" for a in names)])
        case ast.Name(id=name) if name in _CALLS:
            return f"it uses {name}", ""
        case ast.Name(id=name) if name in _FILES:
            return "", "reads and writes files of its scratch folder"
        case ast.Attribute(attr=name) if name.startswith("__") and name not in _DUNDERS:
            return f"it reaches into the interpreter by {name}", ""
        case ast.Name(id=name) if name.startswith("__") and name not in _DUNDERS:
            return f"it reaches into the interpreter by {name}", ""
        case ast.Constant(value=str(text)) if _PAYLOAD.search(text) and " " not in text:
            return "it carries a payload in a text", ""
        case ast.Constant(value=bytes(data)) if len(data) > 160:
            return "it carries a payload in bytes", ""
        case ast.Call(func=ast.Name(id="getattr" | "setattr"), args=args):
            if len(args) > 1 and not isinstance(args[1], ast.Constant):
                return "it looks names up that it computes", ""
        case ast.While(test=ast.Constant(value=value)) if value and not _ends(node):
            return f"line {node.lineno}: a loop that never ends", ""
    return "", ""


def _imports(names: Sequence[str]) -> tuple[str, str]:
    for name in names:
        root = name.partition(".")[0]
        if root in FORBIDDEN | MACHINE or name.startswith(FORBIDDEN_PARTS):
            return f"{_IMPORTS}{name}", ""
    root = names[0].partition(".")[0]
    if root in CHANCE:
        return "", f"takes chance or the clock from {root}"
    return "", "" if root in PURE else f"imports {root}"


def _ends(loop: ast.While) -> bool:
    leaving = (ast.Break, ast.Return, ast.Raise, ast.Yield)
    return any(isinstance(node, leaving) for node in ast.walk(loop))


def _faults_of_module(module: ast.Module, skill: Skill) -> Iterator[str]:
    for statement in module.body:
        if isinstance(statement, ast.For | ast.While | ast.With):
            yield f"line {statement.lineno}: it runs code when it is imported"
    function = skill.signature.function if skill.signature else ""
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            read = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            for argument in (*node.args.args, *node.args.kwonlyargs):
                if argument.arg not in read:
                    yield f"it never uses its argument {argument.arg}"


def _memorised(module: ast.Module, cases: Sequence[Case]) -> Iterator[str]:
    """An answer and the input that asks for it, both as literals: the cases are in the code.

    Docstrings hold examples by right, and small numbers and short words are everywhere.
    """
    notes = _docstrings(module)
    literals = {
        repr(node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and id(node) not in notes
    }
    if not literals:
        return
    told = [case for case in cases if case.raises is None and _telling(case.expected)]
    held = [
        case
        for case in told
        if all(repr(atom) in literals for atom in _atoms(case.expected))
        and any(
            _telling(value) and all(repr(atom) in literals for atom in _atoms(value))
            for value in case.arguments.values()
        )
    ]
    if len(held) >= 2 and len(held) * 2 >= len(told):
        yield f"it holds the answers of {len(held)} of its own cases"


def _docstrings(module: ast.Module) -> set[int]:
    owners = (ast.Module, ast.FunctionDef, ast.ClassDef)
    found: set[int] = set()
    for node in ast.walk(module):
        if isinstance(node, owners) and node.body and isinstance(node.body[0], ast.Expr):
            found.add(id(node.body[0].value))
    return found


def _telling(value: JsonValue) -> bool:
    """Whether a value is unlikely to stand in code by chance."""
    if isinstance(value, str):
        return len(value) > 3
    if isinstance(value, list | dict):
        return len(value) > 1
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > 12


def _atoms(value: JsonValue) -> Iterator[JsonValue]:
    if isinstance(value, list):
        for item in value:
            yield from _atoms(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _atoms(item)
    elif isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        yield -value
    else:
        yield value

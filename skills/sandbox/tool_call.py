"""In the locked-down child: calling the tool's function and putting the outcome into JSON.

Standard library only, Python 3.10: this runs on the worker's interpreter.
"""

from __future__ import annotations

import datetime
import json
import math
import sys
import traceback
import types
from collections.abc import Mapping

TOOL_FILE = "tool.py"
DEEPEST = 64
MESSAGE_LENGTH = 2000


class NotJSON(TypeError):  # noqa: N818  its name is the type of the failure
    """The tool returned something that is not a JSON value."""


def plain(value: object, depth: int = 0) -> object:
    """The JSON value that stands for what a tool returned; tuples, sets and dates are converted."""
    if depth > DEEPEST:
        raise NotJSON(f"the result is nested deeper than {DEEPEST} levels")
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotJSON(f"{value} is not a JSON number")
        return value
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, (set, frozenset)):
        try:
            return [plain(item, depth + 1) for item in sorted(value)]
        except TypeError:
            raise NotJSON("a set whose members cannot be sorted; return a list") from None
    if isinstance(value, dict):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    raise NotJSON(f"{type(value).__name__} is not a JSON value; return a str, number, list or dict")


def _key(key: object) -> str:
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        raise NotJSON(f"a key of type {type(key).__name__}; keys must be str")
    return _text(str(key))


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise NotJSON(f"a str that is not Unicode text ({error.reason})") from None
    return value


def line_of(error: BaseException) -> int | None:
    """The last line of the tool's own source that the error went through."""
    if isinstance(error, SyntaxError) and error.filename == TOOL_FILE:
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.lineno for f in reversed(frames) if f.filename == TOOL_FILE), None)


def message_of(error: BaseException) -> str:
    try:
        return str(error)[:MESSAGE_LENGTH].encode(errors="backslashreplace").decode()
    except Exception as second:  # noqa: BLE001  the tool may define any exception
        return f"(its message raised {type(second).__name__})"


def run_tool(source: str, function: str, arguments: Mapping[str, object]) -> dict[str, object]:
    """Call one function of a source, and tell in JSON values what came of it."""
    try:
        module = types.ModuleType("tool")
        module.__file__ = TOOL_FILE
        sys.modules["tool"] = module
        code = compile(source, TOOL_FILE, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102  what this process was locked down for
        if not callable(module.__dict__.get(function)):
            raise NameError(f"the source defines no function {function!r}")
        return {"ok": True, "value": plain(module.__dict__[function](**arguments))}
    except BaseException as error:  # noqa: BLE001  all of it is the outcome of the call
        name, line = type(error).__name__, line_of(error)
        return {"ok": False, "type": name, "message": message_of(error), "line": line}


def encoded(answer: dict[str, object]) -> bytes:
    try:
        return json.dumps(answer, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        refusal = {"ok": False, "type": "NotJSON", "message": message_of(error), "line": None}
        return json.dumps(refusal).encode()

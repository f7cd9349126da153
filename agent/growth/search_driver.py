"""Runs many calls of many tools in one sandboxed process; its source is sent there as a tool.

Standard library only, Python 3.10. The tools share the process and could forge each other's values:
what is observed here guides the search and proves nothing, the result is run again by itself.
"""

from __future__ import annotations

import datetime
import json
import signal
from collections.abc import Callable
from typing import Any

LONGEST = 4000
"""Characters of one value as JSON; longer ones lead nowhere."""
CPU_SECONDS = 0.1
"""What one tool may use for all examples."""


class _TooLongError(BaseException):
    """Raised through the tool by the timer; no ``except Exception`` of a tool may catch it."""


def observe(
    tools: list[list[str]],
    values: list[list[Any]],
    calls: list[list[Any]],
    goal: list[Any],
    only_hits: bool,
) -> list[list[Any]]:
    """What each call gives in all examples, as ``[number of the call, values]``.

    Calls that fail are left out, and calls that give the same as an earlier one, unless it is what
    begins with ``goal``; with ``only_hits`` all but these, and a call that misses is not made in the
    examples that follow. ``values`` hold one value per example, ``calls`` are
    ``[tool, [[parameter, number of the value], ...]]``.
    """
    functions: dict[int, Callable[..., object]] = {}
    texts = [[json.dumps(v) if isinstance(v, (list, dict)) else None for v in vs] for vs in values]
    examples = range(len(values[0])) if values else range(0)
    seen: set[str] = set()
    found: list[list[Any]] = []
    signal.signal(signal.SIGVTALRM, _stop)
    for number, (tool, arguments) in enumerate(calls):
        hit = True
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
            if tool not in functions:
                functions[tool] = _load(*tools[tool])
            function, results = functions[tool], []
            for example in examples:
                given = {
                    name: values[one][example]
                    if (text := texts[one][example]) is None
                    else json.loads(text)
                    for name, one in arguments
                }
                results.append(_text(function(**given)))
                if hit and example < len(goal):
                    hit = _same(goal[example], json.loads(results[-1]))
                    if only_hits and not hit:
                        break
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        except BaseException:  # noqa: BLE001  a call that fails is no value
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            continue
        whole = f"[{', '.join(results)}]"
        if hit or not (only_hits or whole in seen):
            seen.add(whole)
            found.append([number, json.loads(whole)])
    return found


def _load(source: str, function: str) -> Callable[..., object]:
    names: dict[str, Any] = {"__name__": "tool"}
    exec(compile(source, "tool.py", "exec", dont_inherit=True), names)  # noqa: S102  in the sandbox
    return names[function]  # type: ignore[no-any-return]


def _text(value: object) -> str:
    text = json.dumps(value, allow_nan=False, default=_plain)
    if len(text) > LONGEST:
        raise ValueError("too long")
    return text


def _same(wanted: object, got: object) -> bool:
    """Nearly as `same_value` of the host, which looks again at what is the same here."""
    if isinstance(wanted, bool) or isinstance(got, bool):
        return wanted is got
    if isinstance(wanted, (int, float)) and isinstance(got, (int, float)):
        return abs(wanted - got) <= 1e-9 * max(abs(wanted), abs(got), 1e-3)
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(_same, wanted, got))
    if isinstance(wanted, dict) and isinstance(got, dict):
        return wanted.keys() == got.keys() and all(_same(wanted[k], got[k]) for k in wanted)
    return wanted == got


def _plain(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _stop(number: int, frame: object) -> None:
    raise _TooLongError

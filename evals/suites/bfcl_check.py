"""Whether function calls are among the possible answers, by the rules of BFCL's AST checker.

Written anew from the leaderboard's description: the function and all required parameters must be
there, no other parameter may; a value must have the parameter's type (a whole number will do for a
float) and be among the possible ones; texts are compared without case, blanks and punctuation; ``""``
among the possible values of a parameter means that it may be left out. Calls of a parallel answer
may come in any order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import Field, JsonValue

from skillweave.skills.model import Frozen

_IGNORED = re.compile(r"[ ,./\-_*^]")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "float": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "tuple": (list,),
    "dict": (dict,),
}


class Call(Frozen):
    """One call of a function."""

    function: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


class Function(Frozen):
    """What a sample says of a function, as far as the checker needs it."""

    types: dict[str, str]
    """Of the parameters, in BFCL's words."""
    required: tuple[str, ...] = ()


Possible = Mapping[str, Mapping[str, Sequence[JsonValue]]]
"""One possible call: the function, and the possible values of each parameter."""


def check(
    calls: Sequence[Call], possible: Sequence[Possible], functions: Mapping[str, Function]
) -> str:
    """What is wrong, in one line; nothing when the calls are right."""
    if len(calls) != len(possible):
        return f"{len(calls)} calls, not {len(possible)}"
    reasons = [[check_call(call, answer, functions) for answer in possible] for call in calls]
    if _matched([[not reason for reason in row] for row in reasons]):
        return ""
    for row in reasons:
        if all(row):
            return min(row, key=lambda reason: "is called" in reason)
    return f"no possible answer is left for one of {len(calls)} calls"


def check_call(call: Call, possible: Possible, functions: Mapping[str, Function]) -> str:
    """What is wrong with one call, held against one possible answer."""
    ((name, values),) = possible.items()
    if call.function != name:
        return f"{call.function} is called, not {name}"
    function = functions[name]
    missing = [p for p in function.required if p not in call.arguments]
    if missing:
        return f"{name}: {missing[0]} is missing"
    for parameter, value in call.arguments.items():
        if parameter not in values or parameter not in function.types:
            return f"{name}: {parameter} is too much"
        kind = function.types[parameter]
        if not is_possible(value, values[parameter], kind):
            return f"{name}: {parameter} is {value!r}, not one of {list(values[parameter])!r}"
    left_out = [p for p, v in values.items() if p not in call.arguments and "" not in v]
    return f"{name}: {left_out[0]} is missing" if left_out else ""


def is_possible(value: JsonValue, possible: Sequence[JsonValue], kind: str) -> bool:
    """Whether a value of a parameter is among the possible ones, and of its type.

    >>> is_possible("New-York, NY", ["new york ny"], "string"), is_possible(5, [5.0], "float")
    (True, True)
    >>> is_possible("5", [5], "integer"), is_possible(True, [1], "integer")
    (False, False)
    """
    allowed = [one for one in possible if _typed(value, kind) or type(value) is type(one)]
    return any(_same(value, one) for one in allowed)


def _typed(value: JsonValue, kind: str) -> bool:
    types = _TYPES.get(kind)
    if types is None:
        return True
    return isinstance(value, types) and (kind == "boolean" or not isinstance(value, bool))


def _same(value: JsonValue, possible: JsonValue) -> bool:
    """Equal; of an object every member has a list of possible values."""
    if isinstance(value, bool) or isinstance(possible, bool):
        return value is possible
    if isinstance(value, str) and isinstance(possible, str):
        return _plain(value) == _plain(possible)
    if isinstance(value, list) and isinstance(possible, list):
        pairs = zip(value, possible, strict=False)
        return len(value) == len(possible) and all(_same(v, p) for v, p in pairs)
    if isinstance(value, dict) and isinstance(possible, dict):
        return _same_members(value, possible)
    return value == possible


def _same_members(value: Mapping[str, JsonValue], possible: Mapping[str, JsonValue]) -> bool:
    choices = {name: one if isinstance(one, list) else [one] for name, one in possible.items()}
    needed = {name for name, one in choices.items() if "" not in one}
    return needed <= value.keys() <= choices.keys() and all(
        any(_same(member, one) for one in choices[name]) for name, member in value.items()
    )


def _plain(text: str) -> str:
    return _IGNORED.sub("", text).lower().replace("'", '"')


def _matched(fits: Sequence[Sequence[bool]]) -> bool:
    """Whether every row can have a column of its own (Kuhn's bipartite matching)."""
    owner: dict[int, int] = {}

    def place(row: int, seen: set[int]) -> bool:
        for column, fit in enumerate(fits[row]):
            if fit and column not in seen:
                seen.add(column)
                if column not in owner or place(owner[column], seen):
                    owner[column] = row
                    return True
        return False

    return all(place(row, set()) for row in range(len(fits)))

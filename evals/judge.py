"""Comparing an answer with the expected one: exactly, numbers with a tolerance."""

from __future__ import annotations

import math

from pydantic import JsonValue

RELATIVE = 1e-6
ABSOLUTE = 1e-9


def same(value: JsonValue, expected: JsonValue) -> bool:
    """Whether two JSON values are equal; ``3`` equals ``3.0``, but neither ``"3"`` nor ``True``.

    >>> same(0.1 + 0.2, 0.3), same([1, "a"], [1.0, "a"]), same(True, 1), same("2", 2)
    (True, True, False, False)
    """
    if isinstance(value, bool) or isinstance(expected, bool):
        return value is expected
    if isinstance(value, int | float) and isinstance(expected, int | float):
        return math.isclose(value, expected, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    if isinstance(value, list) and isinstance(expected, list):
        pairs = zip(value, expected, strict=False)
        return len(value) == len(expected) and all(same(v, e) for v, e in pairs)
    if isinstance(value, dict) and isinstance(expected, dict):
        return value.keys() == expected.keys() and all(same(value[k], expected[k]) for k in value)
    return type(value) is type(expected) and value == expected

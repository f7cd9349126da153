"""Values within a figure file, by path: ``report.faulty_kept_out.share``, ``rows.[size=1024].ratio``."""

from __future__ import annotations

from pydantic import JsonValue

from skillweave.skills.errors import UserError


def at(data: JsonValue, path: str) -> JsonValue:
    """The value at a path: names of members, places in lists, and ``[name=value]`` for the first
    item of a list that has it.

    >>> at({"rows": [{"size": 1, "ratio": 3.0}, {"size": 2, "ratio": 5.0}]}, "rows.[size=2].ratio")
    5.0
    """
    found = data
    for step in path.split("."):
        found = _step(found, step, path)
    return found


def number(data: JsonValue, path: str) -> float:
    """The number at a path."""
    found = at(data, path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise UserError(f"the figures hold no number at {path!r}")
    return found


def _step(value: JsonValue, step: str, path: str) -> JsonValue:
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list):
        if step.startswith("["):
            name, _, wanted = step.strip("[]").partition("=")
            for item in value:
                if isinstance(item, dict) and str(item.get(name)) == wanted:
                    return item
        elif step.lstrip("-").isdigit() and -len(value) <= int(step) < len(value):
            return value[int(step)]
    raise UserError(f"the figures hold nothing at {path!r}: {step} is missing")

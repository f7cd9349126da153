"""Runs of tools for the gate: counted, remembered, and many inputs in one call where that will do.

A batch runs the tool and the watching code in one process, so a hostile tool could deceive it. What
decides about right and wrong (own cases, held-out requests) therefore runs call by call, and the
host compares; batches look for honest faults.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from skillweave.skills.cases import Runner, same_value
from skillweave.skills.model import Frozen
from skillweave.skills.sandbox import ToolOutcome

BATCH = 16
WINDOW = 360
"""Calls between two looks at the memory: a list that grows by 8 bytes is moved in each."""
SLOW, PATIENCE = 0.5, 1.5
"""Seconds."""
_PROBE = """

def _skillweave_rows(function, rounds):
    import copy
    rows = []
    for arguments in rounds:
        given = copy.deepcopy(arguments)
        try:
            row = {"value": globals()[function](**given)}
        except Exception as error:
            row = {"error": type(error).__name__}
        row["mutated"] = repr(given) != repr(arguments)
        rows.append(row)
    return rows


def _skillweave_growth(function, rounds, times):
    import copy, gc, tracemalloc
    def turn(number):
        for _ in range(number):
            for arguments in rounds:
                try:
                    globals()[function](**copy.deepcopy(arguments))
                except Exception:
                    pass
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    tracemalloc.start()
    times = max(1, times // len(rounds))
    marks = [turn(times) for _ in range(6)]  # caches of the interpreter take a while to fill
    return min(b - a for a, b in zip(marks, marks[1:])) / (times * len(rounds))
"""


class Row(Frozen):
    """What a tool made of one input."""

    value: JsonValue = None
    error: str = ""
    """Type of the failure; empty when there is a value."""
    mutated: bool = False
    """The tool changed its arguments."""

    def same(self, other: Row) -> bool:
        """Both failed, or both gave the same value."""
        if self.error or other.error:
            return bool(self.error and other.error)
        return same_value(self.value, other.value)


class Calls:
    """A sandbox that counts."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._known: dict[str, ToolOutcome] = {}
        self.count = 0
        self.longest = 0.0
        """Seconds of the slowest single call."""

    def once(self, source: str, function: str, arguments: Mapping[str, JsonValue]) -> ToolOutcome:
        """One call; an equal one before is not made again."""
        key = json.dumps([source, function, dict(arguments)], default=str)
        if key not in self._known:
            started = time.monotonic()
            self._known[key] = self._call(source, function, arguments)
            self.longest = max(self.longest, time.monotonic() - started)
        return self._known[key]

    @property
    def slow(self) -> bool:
        """Whether a call takes so long that many would try anyone's patience."""
        return self.longest > SLOW

    def affordable(
        self, inputs: Sequence[Mapping[str, JsonValue]]
    ) -> Sequence[Mapping[str, JsonValue]]:
        """All inputs; of a slow tool as many as fit into `PATIENCE`, at least one."""
        return inputs[: max(1, int(PATIENCE / self.longest))] if self.slow else inputs

    def many(
        self, source: str, function: str, rounds: Sequence[Mapping[str, JsonValue]]
    ) -> list[Row]:
        """The tool on many inputs, in their order, batch by batch in one process each."""
        rows: list[Row] = []
        for start in range(0, len(rounds), BATCH):
            part = [dict(one) for one in rounds[start : start + BATCH]]
            given: dict[str, JsonValue] = {"function": function, "rounds": list(part)}
            outcome = self._call(source + _PROBE, "_skillweave_rows", given)
            if outcome.ok and isinstance(outcome.value, list) and len(outcome.value) == len(part):
                rows += [Row.model_validate(row) for row in outcome.value]
            else:  # one input ended the process, or a value is no JSON: see which
                rows += [_row(self.once(source, function, one)) for one in part]
        return rows

    def growth(
        self, source: str, function: str, rounds: Sequence[Mapping[str, JsonValue]]
    ) -> float:
        """Bytes per call that stay behind when the same inputs come again and again."""
        given: dict[str, JsonValue] = {
            "function": function,
            "rounds": [dict(one) for one in rounds],
            "times": WINDOW,
        }
        value = self._call(source + _PROBE, "_skillweave_growth", given).value
        return float(value) if isinstance(value, int | float) else 0.0

    def _call(self, source: str, function: str, arguments: Mapping[str, JsonValue]) -> ToolOutcome:
        self.count += 1
        return self._runner.run(source, function, arguments)


def _row(outcome: ToolOutcome) -> Row:
    return Row(value=outcome.value, error=outcome.error.type if outcome.error else "")

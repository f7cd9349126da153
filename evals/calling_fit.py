"""Fit what decides between the calls that a request may be: `skillweave.agent.calling`.

``python -m skillweave.evals.calling_fit`` reads the development calls and writes the weights beside the
code: of what speaks for an argument, and of what speaks for a call. The latter are fitted on a library of all
these tools and the built-in ones, to which everyday tasks are put as well. ``--halves`` only shows how many
arguments are right when the other half of the tools was fitted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray
from pydantic import JsonValue

from skillweave.agent.calling import (
    OF_CALLS,
    OF_WAYS,
    WEIGHTS,
    Asked,
    Embed,
    call,
    signs_of,
    weights,
)
from skillweave.agent.evidence import OF_PAIRS, Numbers
from skillweave.agent.nodes.readings import candidates
from skillweave.agent.nodes.retrieve import POOL
from skillweave.evals.calls import DEVELOPMENT, SEVERAL_DEVELOPMENT, are_same, dropped, several
from skillweave.evals.workbench import load_tasks
from skillweave.store.embed import MiniLMEmbedder, Vectors
from skillweave.store.library import Library

NAMES = (*OF_PAIRS, *OF_WAYS)
EVERYDAY = ("development.jsonl", "development_free.jsonl")
ROUNDS, STEPS, RATE = 6, 300, 0.4
PULL = 0.001
"""How strongly weights are drawn to 0, by call."""


class Known(NamedTuple):
    """A request put to the tool it is for."""

    asked: Asked
    wanted: Sequence[Mapping[str, JsonValue]]
    """The arguments of each call."""

    @property
    def is_several(self) -> bool:
        """Whether the tool is called more than once."""
        return len(self.wanted) > 1

    @property
    def tool(self) -> str:
        """Name of the tool."""
        return self.asked.skill.name


def main(halves: Annotated[bool, typer.Option()] = False) -> None:
    """Fit on all development calls, or on each half for the other."""
    model = MiniLMEmbedder()

    @cache
    def embed(text: str) -> Vectors:
        return model.query(text)

    known = _known(embed)
    if halves:
        first = set(list(dict.fromkeys(one.tool for one in known))[::2])
        parts = [[one for one in known if (one.tool in first) == side] for side in (True, False)]
        fitted = [(other, _fitted(own)) for own, other in (parts, parts[::-1])]
        for what, several_calls in (("one call", False), ("several calls", True)):
            asked = [[one for one in half if one.is_several == several_calls] for half, _ in fitted]
            right = sum(_right(half, by) for half, (_, by) in zip(asked, fitted, strict=True))
            typer.echo(
                f"{what}: {right} of {sum(map(len, asked))} right by the other half's weights"
            )
        return
    _keep("weights", NAMES, _fitted(known))
    typer.echo(f"{_right(known, weights())} of {len(known)} have the right arguments")
    _keep("trust", OF_CALLS, _trusted(*_tried(known)))


def _known(embed: Embed) -> list[Known]:
    """The development requests, and those for several calls of one tool."""
    tools = {one.wrapped().skill.name: one for one in dropped(DEVELOPMENT)}
    skills = {name: one.wrapped().skill for name, one in tools.items()}
    known = [
        Known(Asked(told.request, skills[name], embed), [told.arguments])
        for name, one in tools.items()
        for told in one.requests
    ]
    for told in several(SEVERAL_DEVELOPMENT):
        if len(told.tools) == 1:
            asked = Asked(told.request, skills[told.calls[0].tool], embed)
            known.append(Known(asked, [one.arguments for one in told.calls]))
    return known


def _keep(part: str, names: Sequence[str], fitted: Numbers) -> None:
    kept = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    kept[part] = {name: round(float(value), 2) for name, value in zip(names, fitted, strict=True)}
    WEIGHTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    weights.cache_clear()


# -- arguments ---------------------------------------------------------------------------------


def _fitted(known: Sequence[Known]) -> Numbers:
    """The weights of the highest likelihood of what is right, among the ways they themselves bring up."""
    current = np.zeros(len(NAMES))
    for _ in range(ROUNDS):
        tables = [table for one in known if (table := _table(one, current)) is not None]
        for _ in range(STEPS):
            slope = np.mean([_slope(ways, right, current) for ways, right in tables], axis=0)
            current = current + RATE * (slope - PULL * current)
    return current


def _table(one: Known, current: Numbers) -> tuple[Numbers, NDArray[np.bool_]] | None:
    """The evidence of every way, and which of them are right; None where none is."""
    ways = one.asked.ways(current)
    right = np.array([are_same(one.asked.arguments(way), one.wanted) for way in ways], np.bool_)
    return (np.array([way.evidence for way in ways]), right) if right.any() else None


def _slope(ways: Numbers, right: NDArray[np.bool_], current: Numbers) -> Numbers:
    scores = ways @ current
    odds = np.exp(scores - scores.max())
    wanted = odds * right
    slope: Numbers = (wanted / wanted.sum() - odds / odds.sum()) @ ways
    return slope


def _right(known: Sequence[Known], current: Numbers) -> int:
    right = 0
    for one in known:
        best = max(
            one.asked.ways(current), key=lambda way: float(way.evidence @ current), default=None
        )
        if best is not None:
            right += are_same(one.asked.arguments(best), one.wanted)
    return right


# -- trust -------------------------------------------------------------------------------------


def _tried(known: Sequence[Known]) -> tuple[Numbers, Numbers]:
    """What speaks for each call that would be looked at, and whether it is what was asked for."""
    everyday = [task.task for file in EVERYDAY for task in load_tasks(DEVELOPMENT.with_name(file))]
    others = [told.request for told in several(SEVERAL_DEVELOPMENT) if len(told.tools) > 1]
    requests: list[tuple[str, Known | None]] = [(one.asked.request, one) for one in known]
    requests += [(request, None) for request in (*everyday, *others)]
    signs, right = [], []
    with TemporaryDirectory() as folder, Library(Path(folder)) as library:
        library.add_all([one.wrapped() for one in dropped(DEVELOPMENT)], state="active")
        for request, one in requests:
            for is_right, sign in _looked_at(request, one, library):
                right.append(is_right)
                signs.append(sign)
    return np.array(signs), np.array(right, np.float64)


def _looked_at(request: str, one: Known | None, library: Library) -> Iterator[tuple[bool, Numbers]]:
    for hit in candidates(library.search(request, kinds={"tool"}, k=POOL)):
        made = call(request, hit.skill, library.vector)
        if made is not None:
            meant = one is not None and one.tool == hit.skill.name
            given = [each.arguments for each in made.given]
            right = meant and one is not None and are_same(given, one.wanted)
            yield right, signs_of(made, hit.dense)


def _trusted(signs: Numbers, right: Numbers) -> Numbers:
    """Logistic regression, by Newton's method."""
    current = np.zeros(signs.shape[1])
    for _ in range(50):
        sure = 1.0 / (1.0 + np.exp(-signs @ current))
        slope = signs.T @ (right - sure) - 0.01 * current
        curve = (signs * (sure * (1.0 - sure))[:, None]).T @ signs + 0.01 * np.eye(len(current))
        current = current + np.linalg.solve(curve, slope)
    return current


if __name__ == "__main__":
    typer.run(main)

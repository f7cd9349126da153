"""Every test command of SCAN's splits by the learned plans and skills, without the agent around them.

The suite `scan` puts a sample to the whole agent, which takes a second and more; here the same plans run
on the same skills, in the same sandbox, for all of the 17,310 test commands.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from skillweave.agent.growth.calls import Calls
from skillweave.evals.gate import Share, share
from skillweave.evals.machine import Machine
from skillweave.evals.sources import need
from skillweave.evals.suites.scan import (
    ORIGIN,
    SEED,
    SPLITS,
    Learned,
    learn,
    load,
    read_commands,
    read_lines,
)
from skillweave.evals.suites.scan_direct import trained
from skillweave.evals.suites.scan_grammar import Actions, Phrase, Tree
from skillweave.evals.suites.scan_skills import title
from skillweave.skills.cases import Runner
from skillweave.skills.folder import TOOL_FILE
from skillweave.skills.model import Frozen

ASKED = 500
"""Commands of each test split that the network without skills is asked."""
PARTS = ("first", "second", "third")
OnSplit = Callable[[str], None]


class SplitFigures(Frozen):
    """One split."""

    split: str
    commands: int
    """Of the train split, each once."""
    train: Share
    """Right on what was learned from."""
    test: Share
    without_skills: Share | None = None
    """The network on some of the test commands; None: it was not asked for."""
    held_back: float | None = None
    """Its share of right answers on commands that were held back of the train split."""
    words: dict[str, tuple[str, ...]]
    """What each learned word means."""
    operators: dict[str, tuple[int | str, ...]]
    """Each learned operator and its template, the one that binds loosest first."""


class ScanFigures(Frozen):
    """All splits, with how it was made."""

    command: str
    made: str
    machine: Machine
    data: dict[str, str]
    splits: tuple[SplitFigures, ...]


def run_scan(
    data: Path | None,
    runner: Runner,
    *,
    machine: Machine,
    command: str,
    on_split: OnSplit,
    networks: Path | None = None,
    hashes: Mapping[str, str] | None = None,
) -> ScanFigures:
    """Learn from each train split, then ask all of its test split.

    Args:
        networks: a folder that keeps the control's weights; None: no control.
        hashes: what the files must be; those of the commit when None.
    """
    files = load(data, hashes).files
    folder = need(data, "scan", ORIGIN)
    found = []
    for split, file in SPLITS.items():
        learned = learn(folder / file.format("train"), split)
        test = read_commands(folder / file.format("test"))
        direct, held_back = None, None
        if networks is not None:
            lines = read_lines(folder / file.format("train"))
            network, held_back = trained(lines, SEED, networks)
            asked = random.Random(SEED).sample(sorted(test.items()), min(ASKED, len(test)))
            answers = network.actions([phrase for phrase, _ in asked])
            well = sum(a == told for a, (_, told) in zip(answers, asked, strict=True))
            direct = share(well, len(asked))
        one = SplitFigures(
            split=split,
            commands=len(learned.train),
            train=right(learned, learned.train, None),
            test=right(learned, test, Calls(runner)),
            without_skills=direct,
            held_back=held_back,
            words={w: learned.grammar.meaning(w) for w in _words(learned)},
            operators={" ".join(one.pattern): one.template for one in learned.grammar.operators},
        )
        found.append(one)
        on_split(f"{split}: {one.test.count} of {one.test.of}")
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return ScanFigures(command=command, made=made, machine=machine, data=files, splits=tuple(found))


def right(learned: Learned, commands: Mapping[Phrase, Actions], calls: Calls | None) -> Share:
    """Commands whose every action is right: by the skills in the sandbox, or, without one, by the rules."""
    read = {phrase: learned.grammar.parse(phrase) for phrase in commands}
    trees = [tree for tree in read.values() if tree is not None]
    if calls is None:
        values = {tree.phrase: learned.grammar.actions(tree) for tree in trees}
    else:
        values = executed(learned, trees, calls)
    well = sum(values.get(phrase) == told for phrase, told in commands.items())
    return share(well, len(commands))


def executed(learned: Learned, trees: Sequence[Tree], calls: Calls) -> dict[Phrase, Actions]:
    """What the skills make of phrases, from the words up; nothing for one whose skill failed."""
    known: dict[Phrase, Tree] = {}
    levels: dict[int, dict[str, list[Tree]]] = {}

    def place(tree: Tree) -> int:
        height = 1 + max((place(one) for one in tree.arguments), default=-1)
        if tree.phrase not in known:
            known[tree.phrase] = tree
            name = tree.phrase[0] if tree.operator is None else title(tree.operator)
            levels.setdefault(height, {}).setdefault(name, []).append(tree)
        return height

    for tree in trees:
        place(tree)
    values: dict[Phrase, Actions] = {}
    for _, by_skill in sorted(levels.items()):
        for name, group in by_skill.items():
            ready = [tree for tree in group if all(a.phrase in values for a in tree.arguments)]
            for tree, told in zip(ready, _called(learned, name, ready, values, calls), strict=True):
                if told is not None:
                    values[tree.phrase] = told
    return values


def _called(
    learned: Learned,
    name: str,
    trees: Sequence[Tree],
    values: Mapping[Phrase, Actions],
    calls: Calls,
) -> list[Actions | None]:
    one = learned.skills[name]
    content, signature = one.files[TOOL_FILE], one.skill.signature
    if not isinstance(content, bytes) or signature is None:
        raise ValueError(f"{one.skill.name} is no tool")
    given = [[list(values[argument.phrase]) for argument in tree.arguments] for tree in trees]
    rounds: list[dict[str, JsonValue]] = [
        {name: list(value) for name, value in zip(PARTS, arguments, strict=False)}
        for arguments in given
    ]
    rows = calls.many(content.decode(), signature.function, rounds)
    return [tuple(map(str, row.value)) if isinstance(row.value, list) else None for row in rows]


def _words(learned: Learned) -> list[str]:
    return [*learned.grammar.lexicon, *learned.grammar.names]

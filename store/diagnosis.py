"""What keeps the skills of a library from being found or from working, and what to do about it.

Selection is what grows worse as a library grows: near-duplicates shadow each other, and some skills
never fire. `diagnose` names them; nothing is changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from json import dumps
from typing import TYPE_CHECKING, Literal, NamedTuple

from skillweave.skills.model import Frozen, Skill, SkillState
from skillweave.store.catalogue import Catalogue
from skillweave.store.embed import EmbeddingCache
from skillweave.store.index import VectorIndex
from skillweave.store.ledger import Ledger
from skillweave.store.ranking import Weights, order
from skillweave.store.search import Searcher

if TYPE_CHECKING:
    from skillweave.store.reading import Entry

Ailment = Literal["near-duplicate", "shadowed", "never-fires", "broken-dependency", "stale-base"]

DUPLICATE = 0.93
"""Descriptions with a higher cosine say the same in other words."""
NEIGHBOURS = 12
REQUESTS = 8
"""Example requests of a skill that are searched for."""
TELLING = 4
"""So many example requests of two skills tell whether these are taken for each other."""
CONFUSED = 0.25
"""Share of them that find the other one."""
SHADOWED = 0.5
"""Share of them that something else must win."""
CHANCES = 100
"""Uses of other skills after which one that was never used counts as never firing."""
FOUND: tuple[SkillState, ...] = ("probation", "active", "stale")


class Diagnosis(Frozen):
    """One thing that is wrong with one skill."""

    ailment: Ailment
    skill: str
    detail: str
    remedy: str


def diagnose(
    entries: Sequence[Entry],
    searcher: Searcher,
    doubles: Doubles,
    ledger: Ledger,
    bases: Collection[str],
) -> Iterator[Diagnosis]:
    """Examine the skills that searches find; ``bases`` are the hashes of the base models in use."""
    found = [entry for entry in entries if entry.state in FOUND]
    held = contests(found, searcher)
    merges = list(doubles.among(found, held))
    yield from (merge.diagnosis for merge in merges)
    yield from shadowed(found, held, {merge.names for merge in merges})
    yield from never_firing(found, ledger)
    yield from broken(entries)
    yield from stale_bases(found, bases)


class Merge(NamedTuple):
    """Two skills of which one is enough."""

    names: frozenset[str]
    diagnosis: Diagnosis


class Doubles:
    """Finds skills that are described alike and are taken for each other.

    Opposites (``pad-left``, ``pad-right``) are described alike too; there, requests find the right one.
    """

    def __init__(self, catalogue: Catalogue, cache: EmbeddingCache, index: VectorIndex):
        self._catalogue = catalogue
        self._cache = cache
        self._index = index

    def among(self, entries: Sequence[Entry], held: Mapping[str, Contest]) -> Iterator[Merge]:
        """One proposal for every pair of one kind."""
        by_id = {}
        for entry in entries:
            row = self._catalogue.row(entry.skill.name)
            if row is not None:
                by_id[row.id] = entry
        for id, entry in by_id.items():
            view = self._catalogue.own_views([id])[id][0]
            vector = self._cache.lookup([view[1]]).get(view[1])
            if vector is None:
                continue
            for hit in self._index.search(vector, [entry.skill.kind], NEIGHBOURS):
                other, _, ordinal = hit.id.split(".")
                twin = by_id.get(int(other))
                # A pair is met from both sides.
                if twin is None or int(other) <= id or ordinal != "0" or hit.cosine < DUPLICATE:
                    continue
                if _is_confused(entry.skill, twin.skill, held):
                    yield _merge(entry, twin, hit.cosine)


def _is_confused(one: Skill, two: Skill, held: Mapping[str, Contest]) -> bool:
    """Whether requests of one find the other, or too few of them tell; cases that differ decide."""
    results = {dumps(dict(case.arguments), sort_keys=True): case.expected for case in one.cases}
    for case in two.cases:
        if results.get(dumps(dict(case.arguments), sort_keys=True), case.expected) != case.expected:
            return False
    asked = held[one.name].asked + held[two.name].asked
    lost = held[one.name].winners[two.name] + held[two.name].winners[one.name]
    return asked < TELLING or lost >= CONFUSED * asked


def _merge(one: Entry, two: Entry, cosine: float) -> Merge:
    """Keep the pinned, the proven, the better tested of the two."""

    def standing(entry: Entry) -> tuple[bool, int, int, int]:
        skill = entry.skill
        return entry.pinned, entry.succeeded, len(skill.cases), len(skill.requests)

    keep, leave = (one, two) if standing(one) >= standing(two) else (two, one)
    requests = [text for text in leave.skill.requests if text not in keep.skill.requests]
    moved = f"move its {len(requests)} example requests there and " if requests else ""
    diagnosis = Diagnosis(
        ailment="near-duplicate",
        skill=leave.skill.name,
        detail=f"is described like {keep.skill.name} (cosine {cosine:.2f}) and taken for it",
        remedy=f"if {keep.skill.name} does the same, {moved}skillweave skills archive"
        f" {leave.skill.name}; otherwise say in use-when what sets them apart",
    )
    return Merge(frozenset((keep.skill.name, leave.skill.name)), diagnosis)


class Contest(NamedTuple):
    """What a skill's own example requests find first; each is hidden while it is searched for."""

    asked: int
    winners: Counter[str]
    """By how many of them another skill is found first."""


def contests(entries: Sequence[Entry], searcher: Searcher) -> dict[str, Contest]:
    """One contest for every skill."""
    held = {}
    for entry in entries:
        skill = entry.skill
        asked = skill.requests[:REQUESTS]
        winners: Counter[str] = Counter()
        for text in asked:
            found = searcher.candidates(text, [skill.kind], 5, own=skill.name)
            scores = {
                name: sum(searcher.terms(one, Weights()).values()) for name, one in found.items()
            }
            winners.update(order(scores)[:1])
        del winners[skill.name]
        held[skill.name] = Contest(len(asked), winners)
    return held


def shadowed(
    entries: Sequence[Entry], held: Mapping[str, Contest], twins: Collection[frozenset[str]]
) -> Iterator[Diagnosis]:
    """Skills whose own example requests find others first, that are no siblings or duplicates."""
    toolkits = {entry.skill.name: entry.skill.toolkit for entry in entries}
    for name, contest in held.items():
        rivals = {
            rival: count
            for rival, count in contest.winners.most_common()
            if frozenset((name, rival)) not in twins
            and (toolkits[name] is None or toolkits[rival] != toolkits[name])
        }
        lost = sum(rivals.values())
        if contest.asked and lost > SHADOWED * contest.asked:
            yield Diagnosis(
                ailment="shadowed",
                skill=name,
                detail=f"{lost} of its {contest.asked} example requests find"
                f" {', '.join(list(rivals)[:3])} first",
                remedy="say in its use-when what only it does, and in avoid-when of the others what"
                " they do not",
            )


def never_firing(entries: Sequence[Entry], ledger: Ledger) -> Iterator[Diagnosis]:
    """Skills that were not used while others were, often."""
    born: dict[str, int] = {}
    uses: list[int] = []
    used: set[str] = set()
    for event in ledger.events():
        if event.kind == "added":
            born[event.skill] = event.id
        elif event.kind == "used":
            uses.append(event.id)
            used.add(event.skill)
    for entry in entries:
        name = entry.skill.name
        missed = sum(at > born.get(name, 0) for at in uses)
        if name not in used and missed >= CHANCES and not entry.pinned:
            yield Diagnosis(
                ailment="never-fires",
                skill=name,
                detail=f"was not used once while others were used {missed} times",
                remedy=f"give it example requests, or skillweave skills archive {name}",
            )


def broken(entries: Sequence[Entry]) -> Iterator[Diagnosis]:
    """Skills whose requirements are missing, put away, or go round in a circle."""
    by_name = {entry.skill.name: entry for entry in entries}

    def comes_back(name: str) -> bool:
        seen: set[str] = set()
        ahead = list(by_name[name].skill.requires)
        while ahead:
            at = ahead.pop()
            if at == name:
                return True
            if at in by_name and at not in seen:
                seen.add(at)
                ahead += by_name[at].skill.requires
        return False

    checks: tuple[tuple[Callable[[str], bool], str], ...] = (
        (lambda name: name not in by_name, "is not there"),
        (lambda name: name in by_name and by_name[name].state not in FOUND, "is put away"),
    )
    for entry in entries:
        if entry.state not in FOUND:
            continue
        for name in entry.skill.requires:
            for fails, how in checks:
                if fails(name):
                    yield Diagnosis(
                        ailment="broken-dependency",
                        skill=entry.skill.name,
                        detail=f"requires {name}, which {how}",
                        remedy=f"add or restore {name}, or archive {entry.skill.name}",
                    )
        if comes_back(entry.skill.name):
            yield Diagnosis(
                ailment="broken-dependency",
                skill=entry.skill.name,
                detail="requires itself, by way of what it requires",
                remedy="take one requirement out of the circle",
            )


def stale_bases(entries: Sequence[Entry], bases: Collection[str]) -> Iterator[Diagnosis]:
    """Adapters that were trained on none of the base models in use."""
    known = sorted(base[:12] for base in bases if base)
    for entry in entries:
        info = entry.skill.adapter
        if info is not None and info.base and known and info.base not in bases:
            yield Diagnosis(
                ailment="stale-base",
                skill=entry.skill.name,
                detail=f"was trained on base {info.base[:12]}; in use: {', '.join(known)}",
                remedy="train it again on the base in use, or archive it",
            )

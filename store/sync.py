"""Bringing the indexes to what the folders hold: read what changed, embed what is new."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from skillweave.skills.errors import SkillweaveError, UserError
from skillweave.skills.folder import read_skill
from skillweave.skills.model import KINDS, Frozen, Skill, SkillKind, SkillState
from skillweave.store.catalogue import Catalogue, Row, ViewKey
from skillweave.store.embed import EmbeddingCache
from skillweave.store.folders import Found
from skillweave.store.index import VectorIndex
from skillweave.store.ledger import Event, Ledger, Standing
from skillweave.store.views import MAX_EXPERIENCES, views_of

Check = Callable[[Skill], None]
"""Tries a skill out (its cases, in a sandbox); raises UserError with one line when it fails."""

BATCH = 128
HIDDEN: tuple[SkillState, ...] = ("candidate", "archived")


class Problem(Frozen):
    """Something in the library that a person must put right."""

    path: Path
    message: str
    """One line."""


class SyncReport(Frozen):
    """What a sync or a rebuild did."""

    skills: int
    """Skills in the library now."""
    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


class Adopted(NamedTuple):
    """How a skill that came as a folder enters the ledger."""

    event: Event
    problem: Problem | None


class Synchroniser:
    """Writes the indexes; its owner holds the write lock."""

    def __init__(
        self,
        catalogue: Catalogue,
        cache: EmbeddingCache,
        index: VectorIndex,
        ledger: Ledger,
        keep: Callable[[Path, Skill], None],
    ):
        """``keep`` is given each folder of a version that was not admitted, but found."""
        self._catalogue = catalogue
        self._cache = cache
        self._index = index
        self._ledger = ledger
        self._keep = keep

    def changed(self, found: Sequence[Found]) -> bool:
        """Whether folders, ledger and catalogue differ, as far as file times tell."""
        followed = self._catalogue.fact("followed")
        if self._ledger.changed_states(followed)[0] or self._ledger.requests(since=followed):
            return True
        return {item.folder: item.stamp for item in found} != self._catalogue.stamps()

    def sync(
        self, found: Sequence[Found], check: Check | None = None, *, anew: bool = False
    ) -> SyncReport:
        """Bring the indexes to ``found`` (of two skills with one name, the first counts).

        ``anew`` reads and hashes every folder, whatever the times of its files say.

        Raises:
            LibraryDamagedError: an index cannot be written.
        """
        rows = self._catalogue.rows()
        by_folder = {row.folder: row for row in rows}
        by_name = {row.name: row for row in rows}
        read: list[tuple[str, Found, Skill | None]] = []
        problems: list[Problem] = []
        for item in found:
            row = by_folder.get(item.folder)
            unchanged = not anew and row is not None and row.stamp == item.stamp
            skill = None
            if row is not None and unchanged:
                name = row.name
            else:
                try:
                    skill = _read(item)
                except (SkillweaveError, OSError) as error:
                    problems.append(Problem(path=Path(item.folder), message=str(error)))
                    continue
                name = skill.name
            read.append((name, item, skill))
        names: dict[str, str] = {}
        fresh: list[tuple[Skill, Found]] = []
        # First those in a folder of their own name: one that only claims the name takes no place.
        for name, item, skill in sorted(read, key=lambda one: one[0] != one[1].name):
            if name in names:
                message = f"{item.folder}: {name} is also the name of {names[name]}; rename one"
                problems.append(Problem(path=Path(item.folder), message=message))
                continue
            names[name] = item.folder
            if skill is not None:
                fresh.append((skill, item))
        gone = [row for row in rows if row.name not in names]
        problems += self.enter(fresh, check)
        self.remove(gone)
        return SyncReport(
            skills=len(names),
            added=tuple(skill.name for skill, _ in fresh if skill.name not in by_name),
            updated=tuple(
                skill.name
                for skill, _ in fresh
                if skill.name in by_name and by_name[skill.name].digest != skill.digest
            ),
            removed=tuple(row.name for row in gone),
            problems=tuple(problems),
        )

    def enter(
        self, fresh: Sequence[tuple[Skill, Found]], check: Check | None = None
    ) -> list[Problem]:
        """Index these skills, new or changed; adopt those the ledger has not seen."""
        problems: list[Problem] = []
        for start in range(0, len(fresh), BATCH):
            part = fresh[start : start + BATCH]
            standing = self._ledger.standing([skill.name for skill, _ in part])
            shown: list[tuple[Skill, Found, bool]] = []
            adopted = {
                skill.name: self._adopt(skill, standing[skill.name], check)
                for skill, item in part
                if item.origin == "library" and standing[skill.name].digest != skill.digest
            }
            if adopted:
                # All at once: the ledger waits for the disk each time.
                self._ledger.append(*(one.event for one in adopted.values()))
            problems += [one.problem for one in adopted.values() if one.problem]
            for skill, item in part:
                one = adopted.get(skill.name)
                state = (one.event if one else standing[skill.name]).state or "active"
                visible = state not in HIDDEN
                row = self._catalogue.row(skill.name)
                if row is not None and _is_same(row, skill, item, visible):
                    self._catalogue.touch(skill.name, item.stamp)
                else:
                    shown.append((skill, item, visible))
            if shown:
                with self._catalogue.changing():
                    self._write(shown)
        return problems

    def follow(self) -> None:
        """Hide and show skills, and remember what they solved, as the ledger's newest events say."""
        followed = self._catalogue.fact("followed")
        names, newest = self._ledger.changed_states(followed)
        for name, stands in self._ledger.standing(names).items():
            row = self._catalogue.row(name)
            if row is not None and row.visible != (stands.state not in HIDDEN):
                self._show(row, visible=not row.visible)
        for name, solved in self._ledger.requests(since=followed).items():
            row = self._catalogue.row(name)
            if row is not None:
                self._remember(row, solved)
        self._catalogue.note("followed", newest)

    def _remember(self, row: Row, solved: Sequence[str]) -> None:
        """Make past requests views of the skill, after those that it has."""
        views = self._catalogue.views_of([row.id]).get(row.id, [])
        known = {view.text for view in views}
        room = MAX_EXPERIENCES - sum(view.label == "experience" for view in views)
        texts = [text for text in dict.fromkeys(solved) if text not in known][: max(0, room)]
        if not texts:
            return
        vectors = self._cache.embed(texts)
        ids = _view_ids(row.id, row.digest, len(views) + len(texts))[len(views) :]
        keys = [ViewKey("experience", text, self._cache.key(text)) for text in texts]
        with self._catalogue.changing(), self._catalogue.transaction():
            self._catalogue.add_views(row.id, len(views), keys)
            if row.visible:
                self._index.put(row.kind, ids, vectors)

    def _show(self, row: Row, *, visible: bool) -> None:
        views = self._catalogue.views_of([row.id]).get(row.id, [])
        ids = _view_ids(row.id, row.digest, len(views))
        vectors = self._cache.embed([view.text for view in views])
        with self._catalogue.changing():
            with self._catalogue.transaction():
                self._catalogue.show(row.name, visible)
                if visible:
                    self._index.put(row.kind, ids, vectors)
            if not visible:
                self._index.drop(row.kind, ids)

    def remove(self, rows: Sequence[Row]) -> None:
        """Take skills out of the indexes; the ledger keeps what it knows of them."""
        if not rows:
            return
        views = self._catalogue.views_of([row.id for row in rows])
        with self._catalogue.changing():
            with self._catalogue.transaction():
                for row in rows:
                    self._catalogue.drop(row.name)
            for row in rows:
                ids = _view_ids(row.id, row.digest, len(views.get(row.id, [])))
                self._index.drop(row.kind, ids)

    def reconcile(self) -> int:
        """Compare vector index and catalogue, mend what a killed process left; number of repairs."""
        rows = [row for row in self._catalogue.rows() if row.visible]
        views = self._catalogue.views_of([row.id for row in rows])
        wanted: dict[SkillKind, dict[str, str]] = {kind: {} for kind in KINDS}
        for row in rows:
            texts = [view.text for view in views.get(row.id, [])]
            wanted[row.kind].update(
                zip(_view_ids(row.id, row.digest, len(texts)), texts, strict=True)
            )
        repairs = 0
        with self._catalogue.changing(), self._catalogue.transaction():
            for kind, ids in wanted.items():
                there = self._index.ids(kind)
                missing = [id for id in ids if id not in there]
                if missing:
                    self._index.put(kind, missing, self._cache.embed([ids[id] for id in missing]))
                surplus = sorted(there - ids.keys())
                if surplus:
                    self._index.drop(kind, surplus)
                repairs += len(missing) + len(surplus)
        return repairs

    def _adopt(self, skill: Skill, stands: Standing, check: Check | None) -> Adopted:
        """What a skill that came as a folder enters as: tools must pass the check to be active."""
        state: SkillState = "active"
        reason = "found in the folder"
        problem = None
        if skill.kind == "tool" and check is None:
            state = "probation"
        elif check is not None:
            try:
                check(skill)
            except UserError as error:
                state, reason = "candidate", str(error)
                problem = Problem(path=skill.path or Path(skill.name), message=str(error))
        if skill.path is not None:
            self._keep(skill.path, skill)
        event = Event(
            kind="updated" if stands.digest else "added",
            skill=skill.name,
            digest=skill.digest,
            state=state,
            author="human",
            detail=reason,
        )
        return Adopted(event, problem)

    def _write(self, part: Sequence[tuple[Skill, Found, bool]]) -> None:
        """Enter one batch: catalogue and vectors, then drop the vectors of earlier versions."""
        solved = self._ledger.requests([skill.name for skill, _, _ in part])
        all_views = [views_of(skill, solved.get(skill.name, ())) for skill, _, _ in part]
        texts = [[view.text for view in views] for views in all_views]
        flat = [text for row in texts for text in row]
        avoided = [skill.avoid_when for skill, _, _ in part if skill.avoid_when]
        vectors = self._cache.embed(flat + avoided)
        old: dict[SkillKind, list[str]] = {kind: [] for kind in KINDS}
        new: dict[SkillKind, list[str]] = {kind: [] for kind in KINDS}
        rows: dict[SkillKind, list[int]] = {kind: [] for kind in KINDS}
        with self._catalogue.transaction():
            at = 0
            for (skill, item, visible), views in zip(part, all_views, strict=True):
                before = self._catalogue.row(skill.name)
                if before is not None:
                    count = len(self._catalogue.views_of([before.id]).get(before.id, []))
                    old[before.kind] += _view_ids(before.id, before.digest, count)
                keys = [ViewKey(*view, self._cache.key(view.text)) for view in views]
                avoid = self._cache.key(skill.avoid_when) if skill.avoid_when else None
                self._catalogue.put(skill, item.origin, item.stamp, visible, keys, avoid)
                row = self._catalogue.row(skill.name)
                if visible and row is not None:
                    new[skill.kind] += _view_ids(row.id, row.digest, len(views))
                    rows[skill.kind] += range(at, at + len(views))
                at += len(views)
            for kind, ids in new.items():
                if ids:
                    self._index.put(kind, ids, vectors[rows[kind]])
        for kind, ids in old.items():
            left = sorted(set(ids) - set(new[kind]))
            if left:
                self._index.drop(kind, left)


def _read(item: Found) -> Skill:
    folder = Path(item.folder)
    if item.origin == "library" and folder.is_symlink():
        raise UserError(f"{folder}: is a link; put the folder itself there")
    return read_skill(folder)


def _is_same(row: Row, skill: Skill, item: Found, visible: bool) -> bool:
    """Whether the catalogue holds just this already, so that only file times changed."""
    return (row.digest, row.origin, row.folder, row.visible) == (
        skill.digest,
        item.origin,
        item.folder,
        visible,
    )


def _view_ids(row: int, digest: str, count: int) -> list[str]:
    """Names of a version's views in the vector index: row, version, ordinal."""
    return [f"{row}.{digest[:12]}.{at}" for at in range(count)]

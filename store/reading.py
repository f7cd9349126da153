"""The reading half of a library: opening it, searching, looking things up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from skillweave.skills.builtin import builtin_root
from skillweave.skills.errors import SkillNotFoundError
from skillweave.skills.model import KINDS, Frozen, Skill, SkillKind, SkillState
from skillweave.store.admission import recover, version_of
from skillweave.store.catalogue import Origin, Row
from skillweave.store.embed import Embedder, MiniLMEmbedder
from skillweave.store.folders import Found, folders_in
from skillweave.store.indexes import Indexes
from skillweave.store.layout import Layout, WriteLock
from skillweave.store.ledger import Event, Ledger, Standing
from skillweave.store.ranking import Hit, Weights


class Entry(Frozen):
    """A skill and where it stands in the library."""

    skill: Skill
    state: SkillState
    origin: Origin
    pinned: bool = False
    used: int = 0
    succeeded: int = 0
    failed: int = 0


# Aliases, because the method `list` hides the type inside the class.
Skills = list[Skill]
Entries = list[Entry]
Events = list[Event]
Hits = list[Hit]
FoundFolders = list[Found]


class LibraryReader:
    """All that a library answers without changing. See `Library`."""

    def __init__(
        self,
        root: Path | str,
        *,
        embedder: Embedder | None = None,
        builtin: bool = True,
        weights: Weights | None = None,
    ):
        self.root = Path(root).expanduser().absolute()
        self._builtin = builtin
        self._layout = Layout(self.root)
        self._layout.create()
        self._lock = WriteLock(self._layout.lock)
        with ExitStack() as undo, self._lock.exclusive():
            self._ledger = Ledger(self._layout.ledger)
            undo.callback(self._ledger.close)
            recover(self._layout, self._ledger)
            self._indexes = Indexes(
                self._layout,
                self._lock,
                self._ledger,
                embedder or MiniLMEmbedder(),
                weights or Weights(),
                self._found,
            )
            undo.pop_all()

    def close(self) -> None:
        """Release all files; the library must not be used after."""
        self._indexes.close()
        self._ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def search(
        self,
        query: str,
        *,
        kinds: Collection[SkillKind] | None = None,
        k: int = 5,
        explain: bool = False,
    ) -> Hits:
        """The ``k`` skills that fit ``query`` best, best first; archived ones and candidates stay out.

        ``explain`` also puts the text of the best view into `Hit.view`.

        Raises:
            LibraryDamagedError: the index cannot be read, and not be rebuilt either.
        """
        if k < 1 or not query.strip():
            return []
        wanted = tuple(kind for kind in KINDS if kinds is None or kind in kinds)
        return self._indexes.reading(lambda searcher: searcher.search(query, wanted, k, explain))

    def get(self, name: str) -> Skill:
        """The skill called ``name``, or its version ``name@digest`` (a prefix of the digest is enough).

        Raises:
            SkillNotFoundError: there is none, or the prefix fits several versions.
        """
        plain, _, prefix = name.partition("@")
        row = self._indexes.catalogue.row(plain)
        if row is not None and row.digest.startswith(prefix):
            return self._indexes.catalogue.skills([plain])[plain]
        kept = version_of(self._layout, plain, prefix) if prefix else None
        if kept is None:
            raise SkillNotFoundError(f"no skill {name!r} in {self.root}")
        return kept

    def entry(self, name: str) -> Entry:
        """The current version of a skill with its state and counts.

        Raises:
            SkillNotFoundError: there is none.
        """
        row = self._row(name)
        skill = self._indexes.catalogue.skills([row.name])[row.name]
        return _entry(skill, row, self._ledger.standing([row.name])[row.name])

    def entries(self) -> Entries:
        """All skills with state and counts, by name."""
        rows = self._indexes.catalogue.rows()
        skills = self._indexes.catalogue.skills(row.name for row in rows)
        standing = self._ledger.standing([row.name for row in rows])
        return [
            _entry(skills[row.name], row, standing[row.name]) for row in rows if row.name in skills
        ]

    def history(self, name: str) -> Events:
        """All events of a skill, oldest first; empty when the ledger does not know it."""
        return self._ledger.events(skill=name.partition("@")[0])

    def closure(self, names: Sequence[str]) -> Skills:
        """These skills and all they require, required ones first; missing ones are left out."""
        found: dict[str, Skill] = {}
        visiting: set[str] = set()

        def visit(name: str) -> None:
            if name in visiting:
                return
            visiting.add(name)
            skill = self._indexes.catalogue.skills([name]).get(name)
            if skill is not None:
                for required in skill.requires:
                    visit(required)
                found[name] = skill

        for name in names:
            visit(name)
        return list(found.values())

    def list(
        self,
        kinds: Collection[SkillKind] | None = None,
        states: Collection[SkillState] | None = None,
    ) -> Skills:
        """All skills of these kinds and states, by name."""
        return [
            entry.skill
            for entry in self.entries()
            if (kinds is None or entry.skill.kind in kinds)
            and (states is None or entry.state in states)
        ]

    def _row(self, name: str) -> Row:
        row = self._indexes.catalogue.row(name.partition("@")[0])
        if row is None:
            raise SkillNotFoundError(f"no skill {name!r} in {self.root}")
        return row

    def _found(self) -> FoundFolders:
        own = folders_in(self._layout.skills, "library")
        if not self._builtin:
            return own
        names = {item.folder.name for item in own}
        more = folders_in(builtin_root(), "builtin")
        return own + [item for item in more if item.folder.name not in names]


def _entry(skill: Skill, row: Row, stands: Standing) -> Entry:
    """Built-in skills without events are active."""
    used, succeeded, failed = stands.counts
    return Entry(
        skill=skill,
        state=stands.state or "active",
        origin=row.origin,
        pinned=stands.pinned,
        used=used,
        succeeded=succeeded,
        failed=failed,
    )

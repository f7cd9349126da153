"""The reading half of a library: opening it, searching, looking things up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from skillweave.skills.atomic import write_folder
from skillweave.skills.builtin import builtin_root
from skillweave.skills.diff import diff_files
from skillweave.skills.errors import SkillNotFoundError, UserError
from skillweave.skills.files import VERDICT, Files, scan
from skillweave.skills.model import KINDS, Frozen, Skill, SkillKind, SkillState
from skillweave.store.admission import recover
from skillweave.store.catalogue import Origin, Row
from skillweave.store.diagnosis import Diagnosis, diagnose
from skillweave.store.embed import Embedder, MiniLMEmbedder, Vectors
from skillweave.store.folders import Found, folders_in
from skillweave.store.indexes import Indexes
from skillweave.store.journal import Journal
from skillweave.store.layout import Layout, WriteLock
from skillweave.store.ledger import Event, Standing
from skillweave.store.ledgers import open_ledger
from skillweave.store.prepared import TUNED
from skillweave.store.ranking import Hit, Ranked, Weights
from skillweave.store.selecting import Selection, choose, one_per_toolkit, parts_of
from skillweave.store.versions import Version, pick, version_of, versions_in

SET_POOL = 20
"""Hits of each part of a request, from which a set is chosen."""


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
Versions = list[Version]
Lines = list[str]
Hits = list[Hit]
Orders = list[list[Ranked]]
Diagnoses = list[Diagnosis]
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
        self._weights = weights or Weights()
        self._layout = Layout(self.root)
        self._layout.create()
        self._lock = WriteLock(self._layout.lock)
        with ExitStack() as undo, self._lock.exclusive():
            self._ledger = open_ledger(self._layout)
            undo.callback(self._ledger.close)
            self._journal = Journal(self._layout.history, self._ledger)
            self._journal.follow()
            recover(self._layout, self._ledger)
            self._indexes = Indexes(
                self._layout,
                self._lock,
                self._ledger,
                embedder or MiniLMEmbedder(),
                self._weights,
                self._found,
                TUNED if builtin else self._layout.reranker,
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

    def warm_up(self) -> None:
        """Load now what the first search would load: models and indexes; takes up to a second.

        Raises:
            LibraryDamagedError: the index cannot be read, and not be rebuilt either.
        """
        self.search("a task", k=1)

    def vector(self, text: str) -> Vectors:
        """The unit vector ``[width]`` of a passing text, as a search makes it of a query."""
        return self._indexes.cache.query(text)

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

    def select(
        self,
        request: str,
        *,
        kinds: Collection[SkillKind] | None = None,
        k: int = 5,
        weights: Weights | None = None,
    ) -> Selection:
        """Up to ``k`` skills that together serve a request of several parts; see `selecting`.

        Raises:
            LibraryDamagedError: the index cannot be read, and not be rebuilt either.
        """
        weights = weights or self._weights
        whole = self.search(request, kinds=kinds, k=SET_POOL)
        parts = [self.search(part, kinds=kinds, k=SET_POOL) for part in parts_of(request)]
        hits = choose(whole, parts, weights.diversity, SET_POOL)
        siblings: dict[str, tuple[Hit, ...]] = {}
        if weights.toolkits:
            hits, siblings = one_per_toolkit(hits)
        hits = hits[:k]
        chosen = [hit.skill.name for hit in hits]
        required = self.closure(chosen) if weights.closure else []
        return Selection(
            hits=tuple(hits),
            siblings={name: found for name, found in siblings.items() if name in chosen},
            required=tuple(skill for skill in required if skill.name not in chosen),
        )

    def compare(
        self,
        query: str,
        weights: Sequence[Weights],
        *,
        kinds: Collection[SkillKind] | None = None,
        k: int = 5,
    ) -> Orders:
        """How each of ``weights`` would order the skills; for measuring what a term is worth.

        Raises:
            LibraryDamagedError: the index cannot be read, and not be rebuilt either.
        """
        wanted = tuple(kind for kind in KINDS if kinds is None or kind in kinds)
        return self._indexes.reading(lambda searcher: searcher.compare(query, wanted, k, weights))

    def diagnose(self, bases: Collection[str] = ()) -> Diagnoses:
        """What keeps skills from being found or from working; see `diagnosis`.

        Args:
            bases: hashes of the base models in use; without any, adapters are not examined.

        Raises:
            LibraryDamagedError: the index cannot be read, and not be rebuilt either.
        """
        entries, doubles = self.entries(), self._indexes.doubles()
        return self._indexes.reading(
            lambda searcher: list(diagnose(entries, searcher, doubles, self._ledger, bases))
        )

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

    def versions(self, name: str) -> Versions:
        """The versions of a skill, oldest first; a built-in one has none until it is replaced.

        Raises:
            SkillNotFoundError: there is no such skill.
        """
        row = self._row(name)
        return versions_in(self._layout, row.name, self.history(row.name), row.digest)

    def version(self, name: str, version: str) -> Skill:
        """A version of a skill by its number, or by the start of its digest.

        Raises:
            SkillNotFoundError: there is none, or its files were not kept.
        """
        found = pick(self.versions(name), name, version)
        return self.get(f"{name}@{found.digest}")

    def diff(self, name: str, old: str | None = None, new: str | None = None) -> Lines:
        """What changed from version ``old`` (the one before ``new``) to ``new`` (the current one).

        Raises:
            SkillNotFoundError: there is no such skill or version.
            UserError: there is no earlier version.
        """
        versions = self.versions(name)
        after = pick(versions, name, new or str(len(versions))) if versions else None
        if after is None or (old is None and after.number == 1):
            raise UserError(f"{name} has no earlier version to compare with")
        before = pick(versions, name, old or str(after.number - 1))
        sides = [self.get(f"{name}@{version.digest}") for version in (before, after)]
        return list(diff_files(_files(sides[0]), _files(sides[1])))

    def export(self, name: str, folder: Path | str) -> Path:
        """Write a skill's files, byte for byte, as ``folder/NAME``; gives that folder.

        Raises:
            SkillNotFoundError: there is no such skill or version.
            UserError: something is there already, or cannot be written.
        """
        skill = self.get(name)
        dest = Path(folder) / skill.name
        if dest.exists():
            raise UserError(f"{dest} is there already; name another folder")
        try:
            write_folder(_files(skill), dest)
        except OSError as error:
            raise UserError(f"{dest}: cannot be written: {error}") from error
        return dest

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
        names = {item.name for item in own}
        more = folders_in(builtin_root(), "builtin")
        return own + [item for item in more if item.name not in names]


def _files(skill: Skill) -> Files:
    """A skill's own files; the verdict is the library's."""
    files = scan(skill.path) if skill.path is not None else {}
    return {name: path for name, path in files.items() if name != VERDICT}


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

"""The library: skills in folders, found by search, remembered in a ledger."""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from skillweave.skills.drop import WrappedSkill, wrap
from skillweave.skills.errors import SkillweaveError, UserError
from skillweave.skills.files import scan
from skillweave.skills.model import Frozen, Skill, SkillState
from skillweave.store.admission import Staged, admit, staged
from skillweave.store.embed import Embedder
from skillweave.store.examine import examine
from skillweave.store.folders import Found, stamp_of
from skillweave.store.intake import Intake, Notice, state_of_drop
from skillweave.store.ledger import Event
from skillweave.store.ranking import Weights
from skillweave.store.reading import LibraryReader, Skills
from skillweave.store.sync import Check, Problem, SyncReport
from skillweave.store.tuning import RankingReport, history_of
from skillweave.store.watch import Watcher

log = logging.getLogger("skillweave.store")

Outcome = Literal["used", "succeeded", "failed"]


class RebuildReport(Frozen):
    """What a rebuild did."""

    skills: int
    views: int
    seconds: float
    problems: tuple[Problem, ...] = ()


Problems = list[Problem]
Notices = list[Notice]


class Library(LibraryReader):
    """A folder of skills. The folders under ``root/skills`` are the truth; ``root/.skillweave``
    holds the ledger, old versions and indexes. What is put into ``root/drop`` becomes skills by
    `watch` (a running program) or `take_in` (once).

    Several processes and threads may use one library at once.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        embedder: Embedder | None = None,
        builtin: bool = True,
        weights: Weights | None = None,
    ):
        """Open the library, or create it: finish what a killed process left, read what changed.

        ``builtin`` adds the skills that come with skillweave, read-only, from where they are
        installed; a skill of the same name in the library goes before them.

        Raises:
            UserError: the folder cannot be used.
            LibraryDamagedError: the ledger is damaged.
        """
        super().__init__(root, embedder=embedder, builtin=builtin, weights=weights)
        self._unread: tuple[Problem, ...] = ()
        self._watchers: weakref.WeakSet[Watcher] = weakref.WeakSet()
        self._intake = Intake(self._layout, self._ledger, self._admit_drop)
        try:
            self.sync()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, root: Path | str, *, builtin: bool = True) -> Library:
        """The library at ``root`` with the usual embedder; see the constructor for errors."""
        return cls(root, builtin=builtin)

    def close(self) -> None:
        """Stop watching and release all files; the library must not be used after."""
        for watcher in list(self._watchers):
            watcher.stop()
        try:
            with self._lock.exclusive():
                self._journal.follow()
        except SkillweaveError as error:
            log.warning("%s", error)
        finally:
            super().close()

    def add(
        self,
        source: Path | str | WrappedSkill,
        *,
        state: SkillState = "probation",
        author: str = "human",
        check: Check | None = None,
    ) -> Skill:
        """Admit one skill; a skill of that name gets a new version and the old one is kept.

        ``source`` is a skill's folder, anything that can be dropped, or a wrapped skill. The same
        content again changes nothing. ``check`` sees the skill before it is admitted, and may refuse.

        Raises:
            SkillFormatError: the source is not a skill.
            UserError: it holds several skills, ``check`` refused it, or the library is read-only.
        """
        wrapped = [source] if isinstance(source, WrappedSkill) else wrap(source)
        if len(wrapped) != 1:
            names = ", ".join(item.skill.name for item in wrapped)
            raise UserError(f"{source}: holds {len(wrapped)} skills ({names}); use add_all")
        return self.add_all(wrapped, state=state, author=author, check=check)[0]

    def add_all(
        self,
        source: Path | str | Sequence[WrappedSkill],
        *,
        state: SkillState = "probation",
        author: str = "human",
        check: Check | None = None,
    ) -> Skills:
        """Admit all skills of ``source``, or none; otherwise like `add`, with the same errors."""
        wrapped = wrap(source) if isinstance(source, Path | str) else source
        return self._admit_all(wrapped, lambda _: state, author, check)

    def take(self, source: Path | str, check: Check | None = None) -> Skills:
        """`add_all` for what a person brings: a tool is active when ``check`` saw its cases hold."""
        return self._admit_drop(wrap(source), check)

    def record(self, name: str, outcome: Outcome, run: str = "", request: str = "") -> None:
        """Note in the ledger what became of a use of the skill; ranking takes it into account.

        A ``request`` that was verified to have succeeded becomes a view of the skill at the next
        change of the index.

        Raises:
            SkillNotFoundError: there is no such skill.
        """
        row = self._row(name)
        digest = name.partition("@")[2]
        if digest and not row.digest.startswith(digest):
            # A use of an old version says nothing about the current one.
            return
        told = request if outcome == "succeeded" else ""
        self._ledger.append(
            Event(kind=outcome, skill=row.name, digest=row.digest, run=run, detail=told)
        )

    def remember(self, solved: Mapping[str, Sequence[str]], run: str = "") -> None:
        """`record` many verified requests, by skill, and index them at once.

        Raises:
            SkillNotFoundError: there is no such skill.
        """
        rows = {name: self._row(name) for name in solved}
        events = [
            Event(kind="succeeded", skill=row.name, digest=row.digest, run=run, detail=text)
            for name, row in rows.items()
            for text in solved[name]
        ]
        self._ledger.append(*events)
        self._indexes.apply(lambda writer: writer.follow())

    def learn_ranking(self) -> RankingReport:
        """Train the re-ranker on verified requests and on those that skills give as examples.

        It is used only where it ranks better.

        Raises:
            LibraryDamagedError: an index cannot be read.
        """
        return self._indexes.tune(history_of(self._ledger, self.list()), self._weights)

    def set_state(self, name: str, state: SkillState, reason: str, author: str = "human") -> None:
        """Change the state of a skill; the ledger keeps the reason.

        Raises:
            SkillNotFoundError: there is no such skill.
            UserError: the skill is pinned and would be put away.
        """
        with self._lock.exclusive():
            row = self._row(name)
            stands = self._ledger.standing([row.name])[row.name]
            if stands.pinned and state in ("stale", "archived"):
                raise UserError(f"{row.name} is pinned; unpin it first")
            self._ledger.append(
                Event(
                    kind="state",
                    skill=row.name,
                    digest=row.digest,
                    state=state,
                    author=author,
                    detail=reason,
                )
            )
            self._indexes.apply(lambda writer: writer.follow())
            self._journal.follow()

    def archive(self, name: str, reason: str = "archived by hand") -> None:
        """Put a skill away: it stays in its folder and is no longer found.

        Raises:
            SkillNotFoundError: there is no such skill.
            UserError: the skill is pinned.
        """
        self.set_state(name, "archived", reason)

    def restore(self, name: str) -> Skill:
        """Take a skill out of the archive; ``name@digest`` brings an earlier version back.

        Raises:
            SkillNotFoundError: there is no such skill or version.
        """
        wanted = self.get(name)
        row = self._row(name)
        if wanted.digest != row.digest and wanted.path is not None:
            # Not by `wrap`: this version was admitted before, its verdict comes back with it.
            old = WrappedSkill(skill=wanted, files=scan(wanted.path), source=wanted.path)
            return self.add(old, state="active", author="restore")
        if self.entry(name).state == "archived":
            self.set_state(name, self._state_before_archive(row.name), "restored")
        return self.get(row.name)

    def rollback(self, name: str, version: str) -> Skill:
        """Make an earlier version, named by number or digest, the current one; nothing is lost.

        Raises:
            SkillNotFoundError: there is no such skill or version, or its files were not kept.
        """
        return self.restore(f"{name}@{self.version(name, version).digest}")

    def pin(self, name: str) -> None:
        """Keep a skill from being put away.

        Raises:
            SkillNotFoundError: there is no such skill.
        """
        row = self._row(name)
        self._ledger.append(Event(kind="pinned", skill=row.name, digest=row.digest))

    def unpin(self, name: str) -> None:
        """Undo `pin`.

        Raises:
            SkillNotFoundError: there is no such skill.
        """
        row = self._row(name)
        self._ledger.append(Event(kind="unpinned", skill=row.name, digest=row.digest))

    def sync(self, check: Check | None = None) -> SyncReport:
        """Read folders that changed since they were last read; nothing else is touched.

        Tools that came as a folder are on probation until a ``check`` says they work.

        Raises:
            LibraryDamagedError: an index cannot be written, and not be rebuilt either.
        """
        if not self._indexes.writer.changed(self._found()):
            self._unread = ()
            return SyncReport(skills=self._indexes.catalogue.count())
        return self._read_changes(check)

    def _read_changes(self, check: Check | None, *, anew: bool = False) -> SyncReport:
        with self._lock.exclusive():
            found = self._found()
            report = self._indexes.apply(lambda writer: writer.sync(found, check, anew=anew))
            self._journal.follow()
        self._unread = report.problems
        return report

    def rebuild(self) -> RebuildReport:
        """Make the indexes again from the folders; the ledger and the folders are not touched.

        Raises:
            LibraryDamagedError: the indexes cannot be written.
        """
        return self._rebuilt(self._indexes.rebuild)

    def _rebuilt(self, rebuild: Callable[[], SyncReport]) -> RebuildReport:
        start = time.monotonic()
        report = rebuild()
        self._unread = report.problems
        return RebuildReport(
            skills=report.skills,
            views=sum(self._indexes.catalogue.view_counts().values()),
            seconds=time.monotonic() - start,
            problems=report.problems,
        )

    def move_index(self, server: str | None) -> RebuildReport:
        """Keep the vectors on the Chroma server at this URL, or (None) in the library's folder again.

        Whoever opens the library uses that server from then on.

        Raises:
            UserError: it is no URL, or no server answers there.
            LibraryDamagedError: the indexes cannot be written.
        """
        return self._rebuilt(lambda: self._indexes.move(server))

    def take_in(self, check: Check | None = None) -> Notices:
        """Admit what was dropped into the library's folders, once; see `watch`."""
        paths = [*self._intake.dropped(), *self._intake.misplaced()]
        notices = [self._intake.take(path, check) for path in paths]
        return [notice for notice in notices if notice is not None]

    def watch(
        self, callback: Callable[[Notice], None] | None = None, check: Check | None = None
    ) -> Watcher:
        """Take in what is dropped into ``drop/``, ``skills/`` or the root, until the watcher stops.

        A file is read once it has not changed for a moment. What is good becomes skills, and the
        original goes to ``drop/.done/``; a file that is not stays untouched where it is, and one
        line says why. Tools must pass ``check`` to be active; without one they are on probation.
        ``callback`` gets each `Admitted` and each new `Problem`, in the watcher's thread.
        """
        watcher = Watcher(self._layout, self._intake, self.sync, self.problems, callback, check)
        self._watchers.add(watcher)
        return watcher

    def problems(self) -> Problems:
        """What the last `sync` could not read, and what was dropped and refused."""
        return [*self._unread, *self._intake.problems()]

    def check(self) -> Problems:
        """Compare folders, ledger and indexes in full: every file is hashed.

        An index that lacks something is mended on the way; what is returned, a person must mend.
        """
        self._read_changes(None, anew=True)
        self._indexes.apply(lambda writer: writer.reconcile())
        return [*self.problems(), *examine(self.entries(), self._ledger, self._layout)]

    def _admit_drop(self, wrapped: Sequence[WrappedSkill], check: Check | None) -> Skills:
        return self._admit_all(wrapped, lambda skill: state_of_drop(skill, check), "human", check)

    def _admit_all(
        self,
        wrapped: Sequence[WrappedSkill],
        state_of: Callable[[Skill], SkillState],
        author: str,
        check: Check | None,
    ) -> Skills:
        with ExitStack() as stages:
            items = [stages.enter_context(staged(self._layout, item)) for item in wrapped]
            for item in items:
                if check is not None:
                    check(item.skill)
                self._indexes.prepare(item.skill)
            with self._lock.exclusive():
                fresh: dict[str, tuple[Skill, Found]] = {}
                try:
                    for item in items:
                        self._admit(item, state_of(item.skill), author, fresh)
                finally:  # all at once: the indexes wait for the disk each time
                    self._indexes.apply(lambda writer: writer.enter(list(fresh.values())))
                self._journal.follow()
                names = [item.skill.name for item in items]
                return [fresh[name][0] if name in fresh else self.get(name) for name in names]

    def _admit(
        self, item: Staged, state: SkillState, author: str, fresh: dict[str, tuple[Skill, Found]]
    ) -> None:
        """Move one staged skill in and note it in ``fresh``, to be indexed; the write lock is held."""
        name = item.skill.name
        row = self._indexes.catalogue.row(name)
        known = self._ledger.standing([name])[name].digest
        if known == item.skill.digest and (name in fresh or (row and row.digest == known)):
            return
        event = Event(kind="updated" if known else "added", skill=name, state=state, author=author)
        skill = admit(self._layout, self._ledger, item, event)
        home = self._layout.skills / name
        fresh[name] = skill, Found(str(home), "library", stamp_of(home))

    def _state_before_archive(self, name: str) -> SkillState:
        states = [event.state for event in self.history(name) if event.state is not None]
        earlier = [state for state in states if state not in ("archived", "candidate")]
        return earlier[-1] if earlier else "active"

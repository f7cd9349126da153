"""Watching the library's folders: what is put there is a skill a second later."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from skillweave.skills.errors import SkillweaveError
from skillweave.store.folders import stamp_of
from skillweave.store.intake import Intake, Notice
from skillweave.store.layout import Layout
from skillweave.store.sync import Check, Problem, SyncReport

log = logging.getLogger("skillweave.store")

SETTLE_SECONDS = 0.4
"""A file is read when it has not changed for so long: copying may still be going on."""
TICK_MILLISECONDS = 200


class Watcher:
    """A thread that takes in dropped files and reads changed folders until `stop`."""

    def __init__(
        self,
        layout: Layout,
        intake: Intake,
        sync: Callable[[Check | None], SyncReport],
        problems: Callable[[], Sequence[Problem]],
        callback: Callable[[Notice], None] | None,
        check: Check | None,
    ):
        """Start watching; ``callback`` is called from the thread."""
        self._layout = layout
        self._intake = intake
        self._sync = sync
        self._problems = problems
        self._callback = callback
        self._check = check
        self._stop = threading.Event()
        self._waiting: dict[Path, tuple[str, float]] = {}
        self._reported: set[Problem] = set()
        self._changed_at: float | None = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="skillweave-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching and wait for the thread."""
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> Watcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        for skills_changed in self._ticks():
            if skills_changed:
                self._changed_at = time.monotonic()
            try:
                self._look()
            except (SkillweaveError, OSError) as error:
                self._tell(Problem(path=self._layout.root, message=" ".join(str(error).split())))
            except Exception:
                log.exception("unexpected error while watching %s", self._layout.root)

    def _ticks(self) -> Iterator[bool]:
        """Several times a second: whether something in ``skills/`` changed since the last time."""
        from watchfiles import watch

        skills = str(self._layout.skills)
        while not self._stop.is_set():
            try:
                for changes in watch(
                    self._layout.skills,
                    self._layout.drop,
                    watch_filter=None,
                    debounce=100,
                    step=50,
                    rust_timeout=TICK_MILLISECONDS,
                    yield_on_timeout=True,
                    stop_event=self._stop,
                ):
                    yield any(path.startswith(skills) for _, path in changes)
            except OSError as error:
                # A folder is gone, or the system allows no more watches: looking now and then works.
                log.warning("watching %s by polling (%s)", self._layout.root, error)
                while not self._stop.wait(1.0):
                    yield True
                    # Nothing tells of changes here: once it has had time to settle, look.
                    self._stop.wait(SETTLE_SECONDS)
                    yield False

    def _look(self) -> None:
        paths = self._intake.dropped()
        if self._changed_at is not None:
            paths += self._intake.misplaced()
        now = time.monotonic()
        self._waiting = {path: seen for path, seen in self._waiting.items() if path in set(paths)}
        for path in paths:
            stamp = stamp_of(path)
            before, since = self._waiting.get(path, ("", now))
            if stamp != before:
                self._waiting[path] = (stamp, now)
                self._settling(path)
            elif now - since >= SETTLE_SECONDS:
                notice = self._intake.take(path, self._check)
                if notice is not None:
                    self._tell(notice)
        if self._changed_at is not None and now - self._changed_at >= SETTLE_SECONDS:
            self._changed_at = None
            for problem in self._sync(self._check).problems:
                self._tell(problem)

    def _settling(self, path: Path) -> None:
        """Keep looking into ``skills/`` until what changes there has settled."""
        if path.parent == self._layout.skills:
            self._changed_at = time.monotonic()

    def _tell(self, notice: Notice) -> None:
        """Call back; with the same problem again only when it was gone in between."""
        if isinstance(notice, Problem):
            self._reported &= set(self._problems())
            if notice in self._reported:
                return
            self._reported.add(notice)
        if self._callback is not None:
            self._callback(notice)

"""The adapters of BabyAI's levels: made when first asked for, kept for nano's present weights.

Under each training seed there is a library of one adapter for each level that is trained. What else is
trained stands beside it: one adapter shared by all levels, and adapters of few demonstrations.
"""

from __future__ import annotations

import hashlib
import inspect
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from skillweave.agent.growth.teach_base import Base
from skillweave.evals.suites import babyai_nano, babyai_world
from skillweave.evals.suites.babyai_nano import cloned
from skillweave.evals.suites.babyai_world import (
    DEV,
    LEVELS,
    Episode,
    Level,
    Shown,
    demonstrations,
)
from skillweave.skills.drop import WrappedSkill
from skillweave.skills.factors import Adapter, read_factors, write_adapter
from skillweave.skills.folder import PREFIX, read_skill
from skillweave.skills.model import Skill
from skillweave.store.embed import Embedder
from skillweave.store.library import Library

PIECES: Mapping[int, int] = {8: 8_000, 32: 16_000, 128: 28_000}
"""Seen in training, by the number of demonstrations of a level."""
SHARED = 3
"""The adapter of all levels is trained on so many times the pieces of one level's."""
REQUESTS = 4
"""Missions that an adapter's description tells, besides its own words."""
SHARED_NAME = "all-levels"


class Shelf:
    """Adapters by name. Safe to use from several threads."""

    def __init__(
        self,
        base: Base,
        home: Path,
        *,
        tell: Callable[[str], None] = lambda _: None,
        embedder: Embedder | None = None,
        pieces: Mapping[int, int] = PIECES,
    ) -> None:
        """
        Args:
            home: the folder under which they are kept, by the base's weights and by how they are made.
            pieces: seen in training, by the number of demonstrations; the last one is the library's.
        """
        self.base, self._tell, self._embedder = base, tell, embedder
        self._pieces, self.full = pieces, max(pieces)
        sources = [inspect.getsource(module) for module in (babyai_nano, babyai_world)]
        made = repr((sources, SHARED, REQUESTS, sorted(pieces.items())))
        key = hashlib.sha256(made.encode()).hexdigest()[:8]
        self._home = home / f"{base.hash[:12]}-{key}"
        self._lock = threading.RLock()
        self._stack = ExitStack()
        self._libraries: dict[int, Library] = {}

    def close(self) -> None:
        """Close the libraries."""
        self._stack.close()

    def library(self, seed: int) -> Library:
        """One adapter for each level, of as many demonstrations as there are."""
        with self._lock:
            if seed not in self._libraries:
                skills = [self.own(level, self.full, seed) for level in LEVELS]
                root = self._home / f"library-{seed}"
                found = Library(root, builtin=False, embedder=self._embedder)
                self._libraries[seed] = self._stack.enter_context(found)
                known = {skill.name for skill in found.list()}
                for skill in skills:
                    if skill.name not in known and skill.path is not None:
                        found.add(skill.path, state="active", author="eval")
            return self._libraries[seed]

    def own(self, level: Level, count: int, seed: int) -> Skill:
        """The adapter of a level, from some demonstrations of that level alone."""
        return self._kept(f"own-{count}-{seed}", level, [level], count, seed)

    def shared(self, count: int, seed: int) -> Skill:
        """One adapter for all levels, from some demonstrations of each."""
        level = Level(SHARED_NAME, "")
        return self._kept(f"shared-{count}-{seed}", level, LEVELS, count, seed)

    def grown(self, level: Level, count: int, seed: int) -> Skill:
        """The library's way to a level it has no adapter for: begin at the adapter that fits best by
        the missions, and train on some demonstrations."""
        nearest = self.nearest(level, seed)
        return self._kept(f"grown-{count}-{seed}", level, [level], count, seed, nearest)

    def nearest(self, level: Level, seed: int) -> Skill:
        """Of the other levels' adapters, the one that the most missions find first."""
        names = [
            next(h.skill.name for h in hits if h.skill.name != level.name)
            for mission in missions(level)
            if (hits := self.library(seed).search(mission, kinds={"adapter"}, k=2))
        ]
        return self.library(seed).get(Counter(names).most_common(1)[0][0])

    def _kept(
        self,
        shelf: str,
        level: Level,
        levels: Sequence[Level],
        count: int,
        seed: int,
        start: Skill | None = None,
    ) -> Skill:
        folder = self._home / shelf / level.name
        with self._lock:
            if folder.is_dir():
                return read_skill(folder)
            self._tell(f"{shelf} {level.name} is trained")
            first = read_factors(start.path) if start is not None and start.path else None
            shown = [one for each in levels for one in shown_of(each, self.full)[:count]]
            pieces = self._pieces[count] * (SHARED if len(levels) > 1 else 1)
            adapter = cloned(self.base, shown, pieces=pieces, seed=seed, start=first)
            return _written(adapter, level, self.base, folder)


@cache
def missions(level: Level) -> tuple[str, ...]:
    """Some missions of a level, each once, from seeds that are for tuning."""
    found = []
    for seed in DEV[: 4 * REQUESTS]:
        with Episode(level, seed) as episode:
            found.append(episode.mission)
    return tuple(dict.fromkeys(found))[:REQUESTS]


@cache
def shown_of(level: Level, count: int) -> list[list[Shown]]:
    """`demonstrations`, made once."""
    return demonstrations(level, count)


def _written(adapter: Adapter, level: Level, base: Base, folder: Path) -> Skill:
    asked = missions(level) if level.env else ()
    skill = Skill(
        name=level.name,
        description=f"{level.name.replace('-', ' ').capitalize()}: {'; '.join(asked)}.",
        kind="adapter",
        body=f"A LoRA adapter of {base.name} that says what to do next in a level of BabyAI.\n",
        metadata={f"{PREFIX}base": base.hash},
        requests=asked,
    )
    with TemporaryDirectory(prefix="skillweave-babyai-") as scratch:
        made = Path(scratch) / "adapter"
        write_adapter(adapter, made, base_model=base.name)
        files = {f"adapter/{file.name}": file.read_bytes() for file in made.iterdir()}
        return WrappedSkill(skill=skill, files=files, source=made).write(folder)

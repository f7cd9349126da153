"""A library whose writers are killed (SIGKILL) at random points, or crowd, keeps every admitted skill.

25 kills and some seconds here; more with
``KILLS=500 CROWD_SECONDS=60 pytest tests/integration/test_library_stress.py``, others with ``KILL_SEED``.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from skillweave.skills.folder import content_hash
from skillweave.skills.model import KINDS, SkillState
from skillweave.store import HashEmbedder, Library

KILLS = int(os.environ.get("KILLS", "25"))
SEED = int(os.environ.get("KILL_SEED", "1"))
SECONDS = float(os.environ.get("CROWD_SECONDS", "2"))
KILLS_OF_ONE_LIBRARY = 25
LINES = {"add": 1400, "update": 1500, "archive": 1000, "restore": 1200, "rebuild": 1800}
"""How many lines of the library run for a change, from opening to closing; about."""
TOPICS = ("apples and pears", "boiling eggs", "mowing lawns", "Roman coins")


class Stand(NamedTuple):
    """Version and state of a skill."""

    digest: str
    state: SkillState


@dataclass
class World:
    """A library, and what must be in it."""

    root: Path
    sources: Path
    stands: dict[str, Stand] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    """All versions that were ever seen, as ``name@digest``."""
    turn: Iterator[int] = field(default_factory=count)

    def order(self, change: str, rng: random.Random) -> dict[str, str]:
        """A change of this kind, or of another where the library is too empty for it."""
        if not self.stands:
            change = "add"
        turn = next(self.turn)
        name = f"skill-{turn}" if change == "add" else rng.choice(sorted(self.stands or ["none"]))
        order = {"root": str(self.root), "change": change, "name": name}
        if change in ("add", "update"):
            source = self.sources / str(turn) / name
            (source / "references").mkdir(parents=True)
            text = f"{rng.choice(TOPICS)}, take {turn}"
            (source / "SKILL.md").write_text(
                f"---\nname: {name}\ndescription: {text}\n---\n\n{text}\n"
            )
            (source / "references" / "long.md").write_text(text * rng.randrange(1, 4000))
            order["source"] = str(source)
        elif change == "restore":
            order["name"] = rng.choice(sorted(self.kept))
        return order

    def after(self, order: dict[str, str]) -> dict[str, Stand]:
        """Where the skills stand when the order was carried out."""
        name, _, digest = order["name"].partition("@")
        stands = dict(self.stands)
        match order["change"]:
            case "add" | "update":
                stands[name] = Stand(content_hash(order["source"]), "active")
            case "archive":
                stands[name] = Stand(stands[name].digest, "archived")
            case "restore":
                stands[name] = Stand(digest, "active")
        return stands


class Worker:
    """The process that forks the ones to be killed."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("library_worker.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, order: dict[str, str], line: int = 0, seconds: float = 0.0) -> list[str]:
        """Carry out an order; the lines of the answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({**order, "line": line, "seconds": seconds}) + "\n")
        self._process.stdin.flush()
        answer: list[str] = []
        while not answer or not answer[-1].startswith("exit"):
            answer.append(self._process.stdout.readline().strip())
            assert answer[-1], "the worker is gone"
        return answer

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    started = Worker()
    yield started
    started.close()


def opened(root: Path) -> Library:
    return Library(root, embedder=HashEmbedder(), builtin=False)


class Indexed(NamedTuple):
    """All that the indexes hold, without the numbers that depend on the order of additions."""

    rows: list[tuple[str, str, str, bool]]
    vectors: list[tuple[str, str, int]]
    hits: dict[str, dict[str, float]]
    """By topic and name; Chroma's sums differ in the last digits with their order."""


def indexed(library: Library) -> Indexed:
    catalogue, vectors = library._indexes.catalogue, library._indexes.vectors
    rows = catalogue.rows()
    names = {row.id: row.name for row in rows}
    ids = [id.split(".") for kind in KINDS for id in vectors.ids(kind)]
    return Indexed(
        [(row.name, row.digest, row.kind, row.visible) for row in rows],
        sorted((names[int(id)], version, int(ordinal)) for id, version, ordinal in ids),
        {
            topic: {
                hit.skill.name: round(hit.score, 5) + 0.0 for hit in library.search(topic, k=50)
            }
            for topic in TOPICS
        },
    )


def fresh_rebuild(world: World, place: Path) -> Indexed:
    """The indexes that a new library makes of these folders and this ledger."""
    (place / ".skillweave").mkdir(parents=True)
    shutil.copytree(world.root / "skills", place / "skills")
    for part in (world.root / ".skillweave").glob("ledger.sqlite*"):
        shutil.copy(part, place / ".skillweave")
    with opened(place) as library:
        library.rebuild()
        return indexed(library)


def verify(world: World, allowed: list[dict[str, Stand]], place: Path) -> None:
    """The library opens and holds what one of ``allowed`` says, whole, and nothing else."""
    with opened(world.root) as library:
        assert library.check() == []
        stands = {e.skill.name: Stand(e.skill.digest, e.state) for e in library.entries()}
        assert stands in allowed
        world.stands = stands
        world.kept |= {f"{name}@{stand.digest}" for name, stand in stands.items()}
        assert sorted(p.name for p in (world.root / "skills").iterdir()) == sorted(stands)
        for version in world.kept:
            path = library.get(version).path
            assert path is not None
            assert content_hash(path) == version.partition("@")[2]
        now = indexed(library)
    assert list((world.root / ".skillweave" / "staging").iterdir()) == []
    fresh = fresh_rebuild(world, place)
    assert now.rows == fresh.rows
    assert now.vectors == fresh.vectors
    assert now.hits == fresh.hits
    shutil.rmtree(place)


@pytest.mark.parametrize("start", range(0, KILLS, KILLS_OF_ONE_LIBRARY))
def test_killed_writers_lose_nothing(worker: Worker, tmp_path: Path, start: int) -> None:
    rng = random.Random(f"{SEED} {start}")
    world = World(tmp_path / "library", tmp_path / "sources")
    for _ in range(4):
        order = world.order("add", rng)
        allowed = [world.after(order)]
        assert worker.run(order)[-1] == "exit 0"
        verify(world, allowed, tmp_path / "fresh")
    changes, kills = sorted(LINES), 0
    while kills < min(KILLS_OF_ONE_LIBRARY, KILLS - start):
        order = world.order(changes[(start + kills) % len(changes)], rng)
        # Half of the kills hit a line of the library, half a moment (in SQLite, Chroma, the kernel).
        by_time = rng.random() < 0.5
        if by_time:
            answer = worker.run(order, seconds=rng.uniform(0.001, 0.3))
        else:
            answer = worker.run(order, line=rng.randrange(1, LINES[order["change"]]))
        after = world.after(order)
        assert answer[-1] in ("exit 0", "exit -9"), answer
        kills += answer[-1] == "exit -9"
        allowed = [after] if "changed" in answer else [world.stands, after]
        verify(world, allowed, tmp_path / "fresh")


def test_four_processes_at_once(tmp_path: Path) -> None:
    root = tmp_path / "library"
    script = Path(__file__).with_name("library_crowd.py")
    tags = ("north", "east", "south", "west")
    processes = [
        subprocess.Popen(
            [sys.executable, str(script), str(root), str(tmp_path / tag), tag, str(SECONDS)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for tag in tags
    ]  # fmt: skip
    done: dict[str, set[str]] = {}
    for process in processes:
        out, errors = process.communicate()
        assert (process.returncode, errors) == (0, "")
        assert out.count("searched") >= 8
        for line in out.splitlines():
            name, _, digest = line.partition(" ")
            if digest:
                done.setdefault(name, set()).add(digest)
    world = World(root, tmp_path)
    with opened(root) as library:
        assert {skill.name for skill in library.list()} == set(done)
        for name, digests in done.items():
            versions = [event.digest for event in library.history(name) if event.kind != "state"]
            # Every update that was reported is there, once, and the newest one is what is read.
            assert sorted(versions) == sorted(digests)
            assert library.get(name).digest == versions[-1]
            world.stands[name] = Stand(versions[-1], library.entry(name).state)
            world.kept |= {f"{name}@{digest}" for digest in versions}
    verify(world, [dict(world.stands)], tmp_path / "fresh")

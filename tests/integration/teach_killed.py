"""Teaches in child processes that kill themselves at chosen moments, and tells what the library holds.

Usage: teach_killed.py FOLDER MODEL; one JSON line for each moment. One process loads the libraries and
the model, the others are forked from it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from skillweave.agent.growth.teach import Lesson, Limits, Progress
from skillweave.agent.growth.teach_base import Base, base_of
from skillweave.agent.growth.teach_skill import teach
from skillweave.skills.adapter import read_adapter
from skillweave.skills.folder import read_skill
from skillweave.skills.model import Case
from skillweave.store import HashEmbedder, Library, admission
from skillweave.store.layout import Layout

WORDS = "red green blue north south one two three cat dog tree house car road hill lake".split()
LIMITS = Limits(
    steps=40, seconds=600, every=10, patience=20, rank=8, rate=1e-2, tokens_per_batch=64
)
MOMENTS = (
    "step 10",
    "judging",
    "before replace_folder",
    "after replace_folder",
    "after _enter",
    "before _finish",
    "never",
)
"""Where there is a version already, which must not be lost; the functions are those of an admission."""
NEW = ("loading the model", "before _write_note", "after replace_folder")
"""Where there is none."""


def lesson() -> Lesson:
    cases = [Case(input=f"up {w}", expected="a") for w in WORDS]
    cases += [Case(input=f"down {w}", expected="b") for w in WORDS]
    return Lesson(name="way", examples=tuple(cases), description="Tell the way.")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def armed(moment: str) -> Callable[[Progress], None]:
    """What the training tells its progress; kills at ``moment``."""
    when, _, stage = moment.partition(" ")
    if when in ("before", "after"):
        real = getattr(admission, stage)

        def wrapped(*given: object, **named: object) -> object:
            if when == "before":
                die()
            found = real(*given, **named)
            die()
            return found

        setattr(admission, stage, wrapped)

    def hear(at: Progress) -> None:
        if moment in (at.phase, f"step {at.step}"):
            die()

    return hear


def child(work: Callable[[], None]) -> int:
    """Run in a forked process; its exit status."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(pid, 0)[1]


def open_library(root: Path) -> Library:
    return Library(root, embedder=HashEmbedder(), builtin=False)


def prepare(root: Path, earlier: Path | None) -> None:
    note = root.parent / "kept.md"
    note.write_text("# Kept\n\nWhat was there before.\n")
    with open_library(root) as library:
        library.add(note)
        if earlier is not None:
            library.add(earlier)


def work(root: Path, base: Base, moment: str) -> None:
    hear = armed(moment)
    with open_library(root) as library:
        teach(lesson(), library, base, limits=LIMITS, embedder=HashEmbedder(), on_progress=hear)


def look(root: Path, moment: str, earlier: Path | None, status: int) -> None:
    with open_library(root) as library:
        adapters = library.list(kinds={"adapter"})
        told = {
            "moment": moment,
            "update": earlier is not None,
            "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
            "names": sorted(skill.name for skill in library.list()),
            "found": sorted(hit.skill.name for hit in library.search("tell the way", k=5)),
            "problems": [problem.message for problem in library.check()],
            "old": earlier is not None and adapters[0].digest == read_skill(earlier).digest,
            "whole": [read_adapter(s.path).rank == LIMITS.rank for s in adapters if s.path],
            "staged": len(list(Layout(root).staging.glob("*"))),
        }
    os.write(sys.stdout.fileno(), f"{json.dumps(told)}\n".encode())


def main(folder: Path, model: str) -> None:
    torch.set_num_threads(1)
    base = base_of(model)
    base.trainable, base.exact, base.tokenizer, base.hash  # noqa: B018 - loaded once, before the forks
    earlier: Path | None = None
    rounds = [("never", False), *((moment, False) for moment in NEW)]
    rounds += [(moment, True) for moment in MOMENTS]
    for number, (moment, update) in enumerate(rounds):
        root, before = folder / str(number), earlier if update else None
        child(lambda root=root, before=before: prepare(root, before))  # type: ignore[misc]
        status = child(lambda root=root, moment=moment: work(root, base, moment))  # type: ignore[misc]
        child(
            lambda root=root, moment=moment, before=before, status=status: look(  # type: ignore[misc]
                root, moment, before, status
            )
        )
        earlier = earlier or Layout(root).skills / "way"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

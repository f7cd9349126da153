"""One of several processes that add, update, archive, restore and search at once.

Says each change when it is done: ``NAME DIGEST`` for a version, ``searched`` for a search.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from skillweave.store import HashEmbedder, Library


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def written(folder: Path, name: str, tag: str, turn: int) -> Path:
    """The folder of a skill whose content no other process and no other turn has."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    text = f"topic {turn % 10} of {tag}, turn {turn}"
    (folder / name / "SKILL.md").write_text(
        f"---\nname: {name}\ndescription: {text}\n---\n\nAll about {text}.\n"
    )
    return folder / name


def main() -> None:
    root, sources, tag, seconds = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    rng = random.Random(tag)
    turn = 0
    with Library(root, embedder=HashEmbedder(), builtin=False) as library:
        end = time.monotonic() + float(seconds)
        while time.monotonic() < end or turn < 8:
            turn += 1
            name = rng.choice([f"{tag}-{turn % 9}", f"{tag}-{turn % 9}", "shared-1", "shared-2"])
            skill = library.add(written(sources, name, tag, turn), state="active")
            say(f"{name} {skill.digest}")
            if name.startswith(tag):
                hits = library.search(f"topic {turn % 10} of {tag}, turn {turn}", k=50)
                assert skill.digest in {hit.skill.digest for hit in hits}, f"{name} is not found"
                if turn % 5 == 0:
                    library.archive(name)
                    hits = library.search(skill.description, k=50)
                    assert name not in {hit.skill.name for hit in hits}, f"{name} is still found"
                    library.restore(name)
            assert library.search("topic", k=5), "nothing is found"
            say("searched")


if __name__ == "__main__":
    main()

"""What people say most plainly finds the built-in skill that they mean."""

from __future__ import annotations

from pathlib import Path

from skillweave.store import Library

PHRASES = Path(__file__).with_name("plain_phrases.txt")


def test_plain_phrases_find_their_skill(tmp_path: Path) -> None:
    wrong = {}
    lines = PHRASES.read_text("utf-8").splitlines()
    with Library(tmp_path / "library") as library:
        for line in lines:
            phrase, _, wanted = line.partition("|")
            (best,) = library.search(phrase, kinds={"tool", "adapter"}, k=1)
            if best.skill.name not in wanted.split(","):
                wrong[phrase] = best.skill.name
    assert len(lines) > 200
    assert len(wrong) <= 0.03 * len(lines), wrong

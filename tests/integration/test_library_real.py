"""The library with the real embedding model and Chroma: built-in skills, drops."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from skillweave.skills.folder import content_hash
from skillweave.store import Admitted, Library, MiniLMEmbedder, Notice, Problem

ROOT = Path(__file__).resolve().parents[2]

TOOL = '''
def dog_years(years: int) -> int:
    """Say how old a dog is in human years."""
    return years * 7
'''


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library(tmp_path_factory.mktemp("real") / "library") as opened:
        yield opened


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("turn the text to capital letters", "uppercase"),
        ("how many vowels are in the word", "count-vowels"),
        ("what is the longest word of the sentence", "longest-word"),
        ("write the text backwards", "reverse-text"),
    ],
)
def test_built_in_skills_are_found_by_meaning(library: Library, query: str, wanted: str) -> None:
    hits = library.search(query, kinds=["tool"])
    assert hits[0].skill.name == wanted
    assert hits[0].dense > 0.5


def test_what_nothing_does_scores_low(library: Library) -> None:
    strange = ["who is the president of France", "book a table for two", "sing me a lullaby"]
    known = ["count the vowels", "reverse the text", "the longest word"]
    assert max(library.search(q)[0].dense for q in strange) < 0.6
    assert min(library.search(q)[0].dense for q in known) > 0.8


def test_built_in_skills_stay_where_they_are(library: Library) -> None:
    entry = library.entry("uppercase")
    assert (entry.origin, entry.state) == ("builtin", "active")
    assert entry.skill.path == ROOT / "skills" / "builtin" / "uppercase"
    assert list((library.root / "skills").iterdir()) == []


def test_rebuild_equals(library: Library) -> None:
    queries = ["capital letters", "sum of numbers", "days between two dates", "sort the words"]
    before = [library.search(query, k=10) for query in queries]
    report = library.rebuild()
    after = [library.search(query, k=10) for query in queries]
    assert report.views > report.skills > 60
    for one, other in zip(before, after, strict=True):
        assert [hit.skill for hit in one] == [hit.skill for hit in other]
        assert [hit.score for hit in one] == pytest.approx([hit.score for hit in other], abs=1e-5)


def test_own_skill_of_a_built_in_name_goes_first(tmp_path: Path) -> None:
    with Library(tmp_path / "library") as library:
        own = tmp_path / "uppercase"
        own.mkdir()
        (own / "SKILL.md").write_text("---\nname: uppercase\ndescription: shout\n---\n\nShout.\n")
        library.add(own)
        assert library.get("uppercase").description == "shout"
    with Library(tmp_path / "library") as library:
        assert library.entry("uppercase").origin == "library"


def test_a_dropped_tool_is_usable_within_two_seconds(library: Library) -> None:
    notices: list[tuple[float, Notice]] = []
    arrived = threading.Semaphore(0)

    def told(notice: Notice) -> None:
        notices.append((time.monotonic(), notice))
        arrived.release()

    library.search("warm up")
    with library.watch(told):
        dropped = time.monotonic()
        (library.root / "drop" / "dogs.py").write_text(TOOL)
        assert arrived.acquire(timeout=20)
        hit = library.search("how old is my dog in human years")[0]
        bad = library.root / "drop" / "bad.py"
        bad.write_text("def half(x: int) -> int:\n    return (x\n")
        assert arrived.acquire(timeout=20)
    assert hit.skill.name == "dog-years"
    when, notice = notices[0]
    assert isinstance(notice, Admitted)
    assert when - dropped < 2.0
    problem = notices[1][1]
    assert isinstance(problem, Problem)
    assert str(bad) in problem.message
    assert "\n" not in problem.message
    assert bad.read_text().startswith("def half")
    assert library.problems() == [problem]
    bad.unlink()
    assert library.problems() == []


def test_a_folder_copied_slowly_is_read_when_it_is_whole(library: Library) -> None:
    source = ROOT / "skills" / "builtin" / "uppercase"
    folder = library.root / "skills" / "slow-copy"
    notices: list[Notice] = []
    with library.watch(notices.append):
        (folder / "scripts").mkdir(parents=True)
        text = (source / "SKILL.md").read_text().replace("name: uppercase", "name: slow-copy")
        for part in (text[:50], text[50:]):
            with (folder / "SKILL.md").open("a") as file:
                file.write(part)
            time.sleep(0.15)
        (folder / "scripts" / "tool.py").write_text((source / "scripts" / "tool.py").read_text())
        deadline = time.monotonic() + 20
        while "slow-copy" not in {skill.name for skill in library.list()}:
            assert time.monotonic() < deadline, library.problems()
            time.sleep(0.05)
    assert notices == []
    assert library.get("slow-copy").digest == content_hash(folder)


def test_vectors_are_those_of_the_reference_model() -> None:
    """First numbers and sums of the vectors that sentence-transformers 6.2.0 computes."""
    texts = ["count the vowels", "", "Ünïcode 漢字", "a much longer text " * 60]
    starts = [
        [0.05003, -0.06401, 0.02661, -0.03356],
        [-0.11884, 0.0483, -0.00255, -0.01101],
        [-0.04802, 0.00016, -0.03503, 0.03126],
        [0.06382, -0.0585, 0.04714, -0.0251],
    ]
    sums = [-0.17778, 0.62907, 0.10797, -0.22255]
    vectors = MiniLMEmbedder().embed(texts)
    assert np.allclose(vectors[:, :4], starts, atol=2e-5)
    assert np.allclose(vectors.sum(axis=1), sums, atol=2e-4)

"""What a library sees of edited folders, and what it reads again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillweave.store import HashEmbedder, Library, folders
from skillweave.store.folders import folders_in, stamp_of


def write(folder: Path, text: str) -> Path:
    """A guide of one file, described by ``text``."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "SKILL.md"
    file.write_text(f"---\nname: {folder.name}\ndescription: {text}\n---\n\nSee above.\n")
    return file


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False) as opened:
        yield opened


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every file had been written long ago."""
    monkeypatch.setattr(folders, "TICK", 0)


def backdate(file: Path, nanoseconds: int) -> None:
    os.utime(file, ns=(nanoseconds, nanoseconds))


@pytest.mark.usefixtures("settled")
def test_an_edit_that_keeps_size_and_time_is_seen(library: Library) -> None:
    file = write(library.root / "skills" / "one", "concerning apples")
    backdate(file, 10**18)
    library.sync()
    write(file.parent, "concerning quince")
    backdate(file, 10**18)
    assert library.sync().updated == ("one",)
    assert library.get("one").description == "concerning quince"


@pytest.mark.usefixtures("settled")
def test_a_file_put_in_the_place_of_another_is_seen(library: Library) -> None:
    file = write(library.root / "skills" / "one", "concerning apples")
    other = write(library.root / "elsewhere" / "one", "concerning quince")
    library.sync()
    for one in (file, other):
        backdate(one, 10**18)
    library.sync()
    other.replace(file)
    assert library.sync().updated == ("one",)


@pytest.mark.usefixtures("settled")
def test_files_below_and_files_gone_are_seen(tmp_path: Path) -> None:
    write(tmp_path / "one", "concerning apples")
    more = tmp_path / "one" / "references" / "more.md"
    more.parent.mkdir()
    more.write_text("more")
    stamps = [stamp_of(tmp_path / "one")]
    more.write_text("less")
    stamps.append(stamp_of(tmp_path / "one"))
    more.unlink()
    stamps.append(stamp_of(tmp_path / "one"))
    assert len(set(stamps)) == 3
    assert folders_in(tmp_path, "library") == [
        (str(tmp_path / "one"), "library", stamp_of(tmp_path / "one"))
    ]


def test_files_written_just_now_are_read_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "one", "concerning apples")
    monkeypatch.setattr(folders, "TICK", 10**15)
    assert folders_in(tmp_path, "library") != folders_in(tmp_path, "library")
    monkeypatch.setattr(folders, "TICK", 0)
    assert folders_in(tmp_path, "library") == folders_in(tmp_path, "library")


def test_only_folders_with_a_skill_file_are_skills(tmp_path: Path) -> None:
    write(tmp_path / "one", "concerning apples")
    write(tmp_path / ".hidden", "concerning apples")
    (tmp_path / "two" / "SKILL.md").mkdir(parents=True)
    (tmp_path / "three").mkdir()
    (tmp_path / "SKILL.md").write_text("no folder")
    assert [found.name for found in folders_in(tmp_path, "library")] == ["one"]
    assert folders_in(tmp_path / "nowhere", "library") == []


@pytest.mark.usefixtures("settled")
def test_a_check_hashes_what_file_times_do_not_show(library: Library) -> None:
    folder = library.root / "skills" / "one"
    write(folder, "concerning apples")
    library.sync()
    write(folder, "concerning quince")
    # What a file system without fine times would show: nothing.
    library._indexes.catalogue.touch("one", stamp_of(folder))
    assert library.sync().updated == ()
    assert library.check() == []
    assert library.get("one").description == "concerning quince"


@pytest.mark.usefixtures("settled")
def test_word_counts_follow_every_change(library: Library, tmp_path: Path) -> None:
    write(library.root / "skills" / "one", "concerning apples")
    library.sync()
    alone = library.search("matter apples")[0].lexical
    for number in range(8):
        write(library.root / "skills" / f"other-{number}", f"concerning matter {number}")
    library.sync()
    among = library.search("matter apples")[0].lexical
    with Library(library.root, embedder=HashEmbedder(), builtin=False) as again:
        assert again.search("matter apples")[0].lexical == pytest.approx(among)
    assert among > alone + 0.5

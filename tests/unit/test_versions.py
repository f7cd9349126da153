"""The history of a skill's files: versions, differences, the way back, and the library in git."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillweave.skills import SkillNotFoundError, UserError, content_hash
from skillweave.skills.diff import diff_files
from skillweave.skills.files import Files
from skillweave.store import Event, HashEmbedder, Ledger, Library
from skillweave.store import versions as versions_module
from skillweave.store.journal import Journal


def guide(folder: Path, text: str, name: str = "one") -> Path:
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    (path / "SKILL.md").write_text(f"---\nname: {name}\ndescription: a guide\n---\n\n{text}\n")
    return path


def opened(root: Path) -> Library:
    return Library(root, embedder=HashEmbedder(), builtin=False)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with opened(tmp_path / "library") as library:
        yield library


def git(folder: Path, *arguments: str) -> str:
    names = {
        f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    settings = ("-c", "core.autocrlf=input", "-c", "init.defaultBranch=main")
    run = subprocess.run(
        ["git", *settings, *arguments],
        cwd=folder, env={**os.environ, **names}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return run.stdout


class TestDiff:
    @pytest.mark.parametrize(
        ("old", "new", "lines"),
        [
            ({}, {}, []),
            ({"a": b"x\n"}, {"a": b"x\n", "verdict.json": b"{}"}, []),
            (
                {"a": b"x\ny\n"},
                {"a": b"x\nz\n"},
                ["--- a/a", "+++ b/a", "@@ -1,2 +1,2 @@", " x", "-y", "+z"],
            ),
            ({}, {"a": b"x\n"}, ["--- /dev/null", "+++ b/a", "@@ -0,0 +1 @@", "+x"]),
            ({"a": b"x\n"}, {}, ["--- a/a", "+++ /dev/null", "@@ -1 +0,0 @@", "-x"]),
            ({"a": b"\0"}, {"a": b"\1"}, ["Binary files a/a and b/a differ"]),
            ({"a": b"x"}, {"a": b"\xff"}, ["Binary files a/a and b/a differ"]),
        ],
    )
    def test_lines(self, old: Files, new: Files, lines: list[str]) -> None:
        assert list(diff_files(old, new)) == lines

    def test_git_can_apply_it(self, tmp_path: Path) -> None:
        old: dict[str, bytes] = {"a/b": b"1\r\n2\n3\x0c\n4", "gone": b"x\n", "same": b"x"}
        new: dict[str, bytes] = {"a/b": b"1\r\n2\n3\x0c\n5\n", "same": b"x", "new": b"y\nz"}
        for name, data in old.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(data)
        (tmp_path / "patch").write_bytes(
            "".join(f"{line}\n" for line in diff_files(old, new)).encode()
        )
        git(tmp_path, "apply", "patch")
        (tmp_path / "patch").unlink()
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert {str(p.relative_to(tmp_path)): p.read_bytes() for p in files} == new


def test_versions_differ_and_come_back(library: Library, tmp_path: Path) -> None:
    first = library.add(guide(tmp_path, "Boil eggs."))
    with pytest.raises(UserError, match="no earlier version"):
        library.diff("one")
    second = library.add(guide(tmp_path, "Fry eggs."))
    assert library.diff("one") == [
        "--- a/SKILL.md",
        "+++ b/SKILL.md",
        "@@ -3,4 +3,4 @@",
        " description: a guide",
        " ---",
        " ",
        "-Boil eggs.",
        "+Fry eggs.",
    ]
    assert library.diff("one", "2", "1")[-2:] == ["-Fry eggs.", "+Boil eggs."]
    assert library.diff("one", second.digest[:10], "2") == []
    assert library.rollback("one", "1").digest == first.digest
    assert library.search("boil")[0].lexical > 0.0
    assert library.rollback("one", second.digest[:10]).digest == second.digest
    told = [(v.number, v.digest, v.current, v.author) for v in library.versions("one")]
    assert told == [
        (1, first.digest, False, "human"),
        (2, second.digest, False, "human"),
        (3, first.digest, False, "restore"),
        (4, second.digest, True, "restore"),
    ]
    for wanted in ("0", "5", "ffffffffff", ""):
        with pytest.raises(SkillNotFoundError, match="there are 1 to 4"):
            library.rollback("one", wanted)
    with pytest.raises(SkillNotFoundError, match="nobody"):
        library.versions("nobody")


def test_a_version_edited_in_place_comes_back(library: Library, tmp_path: Path) -> None:
    first = library.add(guide(tmp_path, "Boil eggs."))
    for text in ("Fry eggs.", "Poach eggs."):
        guide(library.root / "skills", text)
        library.sync()
    assert library.diff("one")[-2:] == ["-Fry eggs.", "+Poach eggs."]
    assert library.rollback("one", "2").body == "Fry eggs."
    assert library.rollback("one", "1").digest == first.digest
    assert content_hash(library.root / "skills" / "one") == first.digest
    assert library.check() == []


def test_a_large_version_is_kept_when_its_successor_comes(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions_module, "KEPT_AT_ONCE", 10)
    first = library.add(guide(tmp_path, "Boil eggs."))
    assert list((library.root / ".skillweave" / "versions").iterdir()) == []
    library.add(guide(tmp_path, "Fry eggs."))
    assert library.rollback("one", "1").digest == first.digest


def test_a_version_whose_files_are_gone_says_so(library: Library, tmp_path: Path) -> None:
    first = library.add(guide(tmp_path, "Boil eggs."))
    library.add(guide(tmp_path, "Fry eggs."))
    kept = library.root / ".skillweave" / "versions" / first.digest
    (kept / "one" / "SKILL.md").write_text("---\nname: one\ndescription: forged\n---\n")
    with pytest.raises(SkillNotFoundError):
        library.rollback("one", "1")
    shutil.rmtree(kept)
    with pytest.raises(SkillNotFoundError, match="were not kept"):
        library.rollback("one", "1")
    assert [version.kept for version in library.versions("one")] == [False, True]


def test_a_clone_is_the_whole_library(tmp_path: Path) -> None:
    root = tmp_path / "library"
    with opened(root) as library:
        crlf = guide(tmp_path, "Boil eggs.", "crlf")
        (crlf / "SKILL.md").write_bytes((crlf / "SKILL.md").read_bytes().replace(b"\n", b"\r\n"))
        library.add(crlf, state="active")
        for text, name in (("one", "one"), ("two", "one"), ("b", "put-away")):
            library.add(guide(tmp_path, text, name), state="active")
        library.archive("put-away")
        library.pin("one")
        library.record("one", "succeeded", run="r")
    git(root, "init")
    git(root, "add", ".")
    git(root, "commit", "-m", "all")
    assert "ledger.sqlite" not in git(root, "ls-files")
    git(tmp_path, "clone", str(root), "clone")
    with opened(root) as library, opened(tmp_path / "clone") as clone:
        clone.rebuild()
        assert clone.check() == []
        place = {"skill": {"path"}}
        for one, other in zip(library.entries(), clone.entries(), strict=True):
            assert one.model_dump(exclude=place) == other.model_dump(exclude=place)
        for name in ("crlf", "one", "put-away"):
            assert clone.history(name) == library.history(name)
        assert clone.versions("one") == library.versions("one")
        hits = [[(h.skill.name, h.score) for h in lib.search("guide")] for lib in (library, clone)]
        assert hits[0] == hits[1]
        assert clone.rollback("one", "1").body == "one"
    assert git(root, "status", "--porcelain") == ""


def test_a_repository_in_the_repository_is_told_of(library: Library) -> None:
    folder = guide(library.root / "skills", "text")
    git(folder, "init")
    assert library.check() == []
    git(library.root, "init")
    [problem] = library.check()
    assert problem.message.startswith(f"{folder}: git would keep only a link")


def test_what_is_pulled_is_read(tmp_path: Path) -> None:
    with opened(tmp_path / "library") as library:
        library.add(guide(tmp_path, "one", "one"), state="active")
    git(tmp_path / "library", "init")
    git(tmp_path / "library", "add", ".")
    git(tmp_path / "library", "commit", "-m", "all")
    git(tmp_path, "clone", "library", "clone")
    with opened(tmp_path / "clone") as clone, opened(tmp_path / "library") as library:
        clone.add(guide(tmp_path, "two", "two"), state="active")
        clone.archive("two")
        library.add(guide(tmp_path, "three", "three"), state="active")
    for folder in ("clone", "library"):
        git(tmp_path / folder, "add", ".")
        git(tmp_path / folder, "commit", "-m", folder)
    git(tmp_path / "library", "pull", "--no-rebase", "--no-edit", "../clone", "main")
    with opened(tmp_path / "library") as library:
        states = {entry.skill.name: entry.state for entry in library.entries()}
        assert states == {"one": "active", "two": "archived", "three": "active"}
        assert [event.kind for event in library.history("two")] == ["added", "state"]
        assert library.check() == []
    with opened(tmp_path / "library") as library:
        assert len(library.history("two")) == 2


@pytest.mark.usefixtures("few_builtin")
def test_a_built_in_skill_is_as_it_was_installed(tmp_path: Path) -> None:
    with Library(tmp_path / "library", embedder=HashEmbedder()) as library:
        assert library.versions("uppercase") == []
        with pytest.raises(UserError, match="no earlier version"):
            library.diff("uppercase")
        with pytest.raises(SkillNotFoundError, match="as it was installed"):
            library.rollback("uppercase", "1")
        exported = library.export("uppercase", tmp_path / "out")
        assert content_hash(exported) == library.get("uppercase").digest


class TestJournal:
    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Iterator[Ledger]:
        ledger = Ledger(tmp_path / "ledger.sqlite")
        yield ledger
        ledger.close()

    def test_it_follows_and_mends_its_end(self, tmp_path: Path, ledger: Ledger) -> None:
        text = tmp_path / "history.jsonl"
        journal = Journal(text, ledger)
        ledger.append(Event(kind="used", skill="a"), Event(kind="used", skill="b"))
        journal.follow()
        whole = text.read_bytes()
        assert whole.count(b"\n") == 2
        for damage in (whole[:-7], whole[: whole.index(b"\n") + 1], b"", whole[:5], whole):
            text.write_bytes(damage)
            journal.follow()
            assert text.read_bytes() == whole

    def test_what_it_tells_more_goes_into_the_ledger(self, tmp_path: Path, ledger: Ledger) -> None:
        text = tmp_path / "history.jsonl"
        other = Ledger(tmp_path / "other.sqlite")
        other.append(Event(kind="added", skill="a", digest="1"), Event(kind="pinned", skill="a"))
        Journal(text, other).follow()
        other.close()
        text.write_bytes(text.read_bytes() + b"<<<<<<< HEAD\n" + text.read_bytes())
        ledger.append(Event(kind="added", skill="mine", digest="2"))
        Journal(text, ledger).follow()
        assert [event.skill for event in ledger.events()] == ["mine", "a", "a"]
        assert text.read_bytes().count(b"\n") == 3
        assert ledger.standing(["a"])["a"].pinned

    def test_a_text_that_cannot_be_written_is_no_error(
        self, tmp_path: Path, ledger: Ledger, caplog: pytest.LogCaptureFixture
    ) -> None:
        ledger.append(Event(kind="used", skill="a"))
        Journal(tmp_path / "nowhere" / "history.jsonl", ledger).follow()
        assert "not written" in caplog.text

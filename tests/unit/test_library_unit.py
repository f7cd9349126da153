"""The library with a small embedder: admission, versions, states, search, damage, drops."""

from __future__ import annotations

import logging
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from skillweave.skills.builtin import builtin_root
from skillweave.skills.errors import SkillFormatError, SkillNotFoundError, UserError
from skillweave.skills.folder import content_hash, read_skill
from skillweave.skills.model import Skill
from skillweave.store import (
    Admitted,
    HashEmbedder,
    Library,
    MiniLMEmbedder,
    Notice,
    Problem,
    Weights,
)
from skillweave.store.admission import NOTE
from skillweave.store.embed import EmbeddingCache, Vectors, key_of
from skillweave.store.ledger import Event
from skillweave.store.prepare import builtin_texts
from skillweave.store.prepared import TUNED, prepared_vectors

DOUBLE = '''
def double(number: int) -> int:
    """Double a number, that is, multiply it by two."""
    return number * 2
'''


def note(folder: Path, name: str, text: str, **metadata: str) -> Path:
    """Write the folder of a guide."""
    lines = "".join(f"  skillweave-{key.replace('_', '-')}: {v}\n" for key, v in metadata.items())
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    front = f"name: {name}\ndescription: {text}\n" + (f"metadata:\n{lines}" if lines else "")
    (path / "SKILL.md").write_text(f"---\n{front}---\n\nSee above.\n")
    return path


def open_library(root: Path, weights: Weights | None = None) -> Library:
    return Library(root, embedder=HashEmbedder(), builtin=False, weights=weights)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library") as opened:
        yield opened


def names(library: Library, query: str, k: int = 5) -> list[str]:
    return [hit.skill.name for hit in library.search(query, k=k)]


def test_added_skill_is_found_and_recorded(library: Library, tmp_path: Path) -> None:
    skill = library.add(note(tmp_path, "boil-eggs", "boil eggs until they are soft"))
    library.add(note(tmp_path, "mow-lawn", "mow the lawn in stripes"))
    hit = library.search("how do I boil an egg softly", explain=True)[0]
    assert hit.skill == skill == library.get("boil-eggs")
    assert skill.path == library.root / "skills" / "boil-eggs"
    assert skill.digest == content_hash(skill.path)
    assert hit.score == pytest.approx(sum(hit.terms.values()))
    assert hit.view.startswith("description: boil eggs")
    assert [event.kind for event in library.history("boil-eggs")] == ["added"]
    assert library.entry("boil-eggs").state == "probation"
    assert library.check() == []


def test_same_content_again_changes_nothing(library: Library, tmp_path: Path) -> None:
    folder = note(tmp_path, "one", "the first")
    assert library.add(folder) == library.add(folder)
    assert len(library.history("one")) == 1


def test_update_keeps_the_old_version(library: Library, tmp_path: Path) -> None:
    old = library.add(note(tmp_path, "one", "concerning apples"), state="active")
    new = library.add(note(tmp_path, "one", "concerning pears"), state="active")
    assert library.get("one") == new
    assert library.get(f"one@{new.digest[:8]}") == new
    kept = library.get(old.versioned_name)
    assert (kept.description, kept.digest) == (old.description, old.digest)
    assert names(library, "apples") == ["one"]
    assert library.search("apples")[0].lexical == 0.0
    assert library.restore(old.versioned_name).digest == old.digest
    assert library.get("one").description == "concerning apples"
    assert library.get(new.versioned_name).description == "concerning pears"
    assert [event.kind for event in library.history("one")] == ["added", "updated", "updated"]
    with pytest.raises(SkillNotFoundError):
        library.get("one@ffffffff")


def test_unknown_names(library: Library) -> None:
    for call in (library.get, library.entry, library.archive, library.pin, library.restore):
        with pytest.raises(SkillNotFoundError, match="nobody"):
            call("nobody")
    with pytest.raises(SkillNotFoundError):
        library.record("nobody", "used", run="r")
    assert library.history("nobody") == []


def test_archived_skills_are_not_found_until_restored(library: Library, tmp_path: Path) -> None:
    library.add(note(tmp_path, "one", "concerning apples"), state="active")
    library.archive("one")
    assert names(library, "apples") == []
    assert library.list(states=["archived"]) == [library.get("one")]
    library.restore("one")
    assert names(library, "apples") == ["one"]
    assert library.entry("one").state == "active"


def test_pinned_skills_stay(library: Library, tmp_path: Path) -> None:
    library.add(note(tmp_path, "one", "concerning apples"))
    library.pin("one")
    with pytest.raises(UserError, match="pinned"):
        library.archive("one")
    library.unpin("one")
    library.archive("one")
    assert library.entry("one").state == "archived"


def test_failures_push_a_skill_behind_its_twin(library: Library, tmp_path: Path) -> None:
    for name in ("aa-fruit", "bb-fruit"):
        library.add(note(tmp_path, name, "all about fruit"))
    assert names(library, "fruit") == ["aa-fruit", "bb-fruit"]
    for number in range(5):
        library.record("aa-fruit", "failed", run=str(number))
    hits = library.search("fruit")
    assert [hit.skill.name for hit in hits] == ["bb-fruit", "aa-fruit"]
    assert hits[1].terms["prior"] < 0.0 == hits[0].terms["prior"]


def test_a_use_of_an_old_version_does_not_count(library: Library, tmp_path: Path) -> None:
    old = library.add(note(tmp_path, "one", "concerning apples"))
    library.add(note(tmp_path, "one", "concerning pears"))
    library.record(old.versioned_name, "failed", run="r")
    assert library.entry("one").failed == 0
    library.record(library.get("one").versioned_name, "failed", run="r")
    assert library.entry("one").failed == 1


def test_kinds_filter_and_words_alone_can_find(library: Library, tmp_path: Path) -> None:
    (tmp_path / "double.py").write_text(DOUBLE)
    library.add(tmp_path / "double.py")
    library.add(note(tmp_path, "twice", "double or twice, a guide"))
    assert {hit.skill.kind for hit in library.search("double")} == {"tool", "guide"}
    assert [hit.skill.name for hit in library.search("double", kinds=["tool"])] == ["double"]
    assert library.search("double", kinds=[]) == []
    assert library.search("   ") == []
    assert library.search('"); DROP TABLE words; --', k=1)


def test_requirements_come_first_and_missing_ones_are_reported(
    library: Library, tmp_path: Path
) -> None:
    library.add(note(tmp_path, "base", "the base"))
    library.add(note(tmp_path, "top", "the top", requires="base ghost"))
    assert [skill.name for skill in library.closure(["top"])] == ["base", "top"]
    assert [p.message for p in library.check()] == [
        f"{library.root}/skills/top: requires ghost, which is not there"
    ]


def test_check_hook_refuses_before_anything_happens(library: Library, tmp_path: Path) -> None:
    seen: list[Path | None] = []

    def refuse(skill: Skill) -> None:
        seen.append(skill.path)
        raise UserError("case 1 fails")

    (tmp_path / "double.py").write_text(DOUBLE)
    with pytest.raises(UserError, match="case 1 fails"):
        library.add(tmp_path / "double.py", check=refuse)
    assert library.list() == []
    assert library.history("double") == []
    assert list((library.root / ".skillweave" / "staging").iterdir()) == []
    assert seen[0] is not None
    assert seen[0].name == "double"


def test_several_skills_in_one_source(library: Library, tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(DOUBLE + DOUBLE.replace("double", "twofold"))
    with pytest.raises(UserError, match="add_all"):
        library.add(tmp_path / "two.py")
    assert [skill.name for skill in library.add_all(tmp_path / "two.py")] == ["double", "twofold"]


def test_folders_put_in_changed_and_taken_away(library: Library, tmp_path: Path) -> None:
    folder = note(library.root / "skills", "one", "concerning apples")
    report = library.sync()
    assert (report.added, report.skills) == (("one",), 1)
    assert library.entry("one").state == "active"
    note(library.root / "skills", "one", "concerning pears and plums")
    assert library.sync().updated == ("one",)
    assert library.search("plums")[0].lexical > 0.0
    assert library.sync() == library.sync()
    shutil.rmtree(folder)
    assert library.sync().removed == ("one",)
    assert names(library, "plums") == []
    assert [p.message for p in library.check()] == [
        f"{folder}: was admitted, but its folder is gone; restore or forget it"
    ]


def test_tools_put_in_are_on_probation_until_checked(library: Library, tmp_path: Path) -> None:
    (tmp_path / "double.py").write_text(DOUBLE)
    with open_library(tmp_path / "other") as other:
        source = other.add(tmp_path / "double.py").path
        assert source is not None
        shutil.copytree(source, library.root / "skills" / "double")
    library.sync()
    assert library.entry("double").state == "probation"
    tool = library.root / "skills" / "double" / "scripts" / "tool.py"

    def refuse(skill: Skill) -> None:
        raise UserError(f"{skill.name}: case 1 fails")

    tool.write_text(tool.read_text() + "\n# changed\n")
    assert [p.message for p in library.sync(check=refuse).problems] == ["double: case 1 fails"]
    assert library.entry("double").state == "candidate"
    assert names(library, "double") == []
    tool.write_text(tool.read_text() + "\n# again\n")
    library.sync(check=lambda skill: None)
    assert library.entry("double").state == "active"


def test_a_broken_folder_is_one_line_and_nothing_else(library: Library, tmp_path: Path) -> None:
    note(library.root / "skills", "good", "fine")
    bad = note(library.root / "skills", "bad", "x")
    (bad / "SKILL.md").write_bytes(b"\x00\xff binary")
    before = (bad / "SKILL.md").read_bytes()
    problems = library.sync().problems
    assert [p.path for p in problems] == [bad]
    assert str(bad) in problems[0].message
    assert "\n" not in problems[0].message
    assert library.problems() == list(problems)
    assert [skill.name for skill in library.list()] == ["good"]
    assert (bad / "SKILL.md").read_bytes() == before
    with pytest.raises(SkillFormatError):
        library.add(bad)


def test_two_folders_with_one_name(library: Library) -> None:
    note(library.root / "skills", "one", "the first")
    other = note(library.root / "skills", "other", "the second")
    text = (other / "SKILL.md").read_text().replace("name: other", "name: one")
    (other / "SKILL.md").write_text(text)
    assert "is also the name of" in library.sync().problems[0].message
    assert library.get("one").description == "the first"


def test_reopening_embeds_nothing(tmp_path: Path) -> None:
    class Counting(HashEmbedder):
        texts = 0

        def embed(self, texts: Sequence[str]) -> Vectors:
            self.texts += len(texts)
            return super().embed(texts)

    first = Counting()
    with Library(tmp_path / "library", embedder=first, builtin=False) as library:
        library.add(note(tmp_path, "one", "concerning apples"))
    again = Counting()
    with Library(tmp_path / "library", embedder=again, builtin=False) as library:
        library.rebuild()
        assert again.texts == 0
        assert names(library, "apples") == ["one"]
    assert first.texts > 0


def test_rebuild_gives_the_same_index(library: Library, tmp_path: Path) -> None:
    for number in range(20):
        library.add(note(tmp_path, f"skill-{number}", f"topic {number} and {number * 7 % 20}"))
    library.archive("skill-3")
    queries = [f"topic {number}" for number in range(20)]
    before = [library.search(query, k=20) for query in queries]
    report = library.rebuild()
    assert (report.skills, report.problems) == (20, ())
    assert [library.search(query, k=20) for query in queries] == before


@pytest.mark.parametrize("victim", ["index.sqlite", "embeddings.sqlite", "chroma/chroma.sqlite3"])
def test_damaged_indexes_are_made_again(
    tmp_path: Path, victim: str, caplog: pytest.LogCaptureFixture
) -> None:
    with open_library(tmp_path / "library") as library:
        library.add(note(tmp_path, "one", "concerning apples"), state="active")
        hits = library.search("apples")
    file = tmp_path / "library" / ".skillweave" / victim
    file.write_bytes(b"garbage" * 1000)
    for rest in ("-wal", "-shm"):
        file.with_name(file.name + rest).unlink(missing_ok=True)
    with caplog.at_level(logging.WARNING), open_library(tmp_path / "library") as library:
        assert library.search("apples") == hits
        assert library.entry("one").state == "active"
        assert library.check() == []
    assert 1 <= len(caplog.records) <= 2


def test_an_admission_killed_after_the_swap_is_finished(tmp_path: Path) -> None:
    with open_library(tmp_path / "library") as library:
        old = library.add(note(tmp_path, "one", "concerning apples"), state="active")
    records = tmp_path / "library" / ".skillweave"
    stage = records / "staging" / "killed"
    stage.mkdir()
    # As after the swap: the old folder is in the stage, the new one in the library.
    (tmp_path / "library" / "skills" / "one").rename(stage / "one")
    fresh = note(tmp_path / "library" / "skills", "one", "concerning pears")
    event = Event(kind="updated", skill="one", digest=content_hash(fresh), state="probation")
    (stage / NOTE).write_text(event.model_dump_json())
    with open_library(tmp_path / "library") as library:
        assert library.get("one").description == "concerning pears"
        assert library.get(old.versioned_name).description == "concerning apples"
        assert library.entry("one").state == "probation"
        assert [event.kind for event in library.history("one")] == ["added", "updated"]
        assert not stage.exists()


def test_an_admission_killed_before_the_swap_never_was(tmp_path: Path) -> None:
    with open_library(tmp_path / "library") as library:
        library.add(note(tmp_path, "one", "concerning apples"))
    stage = tmp_path / "library" / ".skillweave" / "staging" / "killed"
    fresh = note(stage, "one", "concerning pears")
    event = Event(kind="updated", skill="one", digest=content_hash(fresh), state="probation")
    (stage / NOTE).write_text(event.model_dump_json())
    with open_library(tmp_path / "library") as library:
        assert library.get("one").description == "concerning apples"
        assert len(library.history("one")) == 1
        assert not stage.exists()


def test_vectors_missing_after_an_interruption_are_mended(tmp_path: Path) -> None:
    with open_library(tmp_path / "library") as library:
        library.add(note(tmp_path, "one", "concerning apples"))
    shutil.rmtree(tmp_path / "library" / ".skillweave" / "chroma")
    with open_library(tmp_path / "library") as library:
        assert library.search("apples")[0].dense > 0.2


def test_a_read_only_library_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="cannot use"):
        open_library(tmp_path / "file" / "library")


def test_threads_search_while_others_add(library: Library, tmp_path: Path) -> None:
    folders = [note(tmp_path, f"skill-{n}", f"topic number {n}") for n in range(12)]

    def add(part: list[Path]) -> None:
        for folder in part:
            library.add(folder)

    def search() -> None:
        for _ in range(40):
            library.search("topic number")

    work: list[Callable[[], None]] = [
        lambda: add(folders[:6]),
        lambda: add(folders[6:]),
        search,
        search,
    ]
    with ThreadPoolExecutor(len(work)) as pool:
        for future in [pool.submit(item) for item in work]:
            future.result()
    assert len(library.search("topic number", k=20)) == 12
    assert library.check() == []


def test_two_libraries_on_one_folder_see_each_other(tmp_path: Path) -> None:
    with open_library(tmp_path / "library") as one, open_library(tmp_path / "library") as two:
        assert two.search("apples") == one.search("apples") == []
        one.add(note(tmp_path, "apple", "concerning apples"))
        assert names(two, "apples") == ["apple"]
        two.add(note(tmp_path, "pear", "concerning pears"))
        assert names(one, "pears", k=1) == ["pear"]
        two.archive("apple")
        assert "apple" not in names(one, "apples")


def test_dropped_files_become_skills_once(library: Library, tmp_path: Path) -> None:
    drop = library.root / "drop"
    (drop / "double.py").write_text(DOUBLE)
    (library.root / "hint.md").write_text("# Boiling eggs\n\nPut them into boiling water.\n")
    (library.root / "README.md").write_text("# My library\n\nNot a skill.\n")
    (library.root / "skills" / "lone.md").write_text("# Lone note\n\nStays where it is.\n")
    with zipfile.ZipFile(drop / "guide.zip", "w") as archive:
        archive.write(note(tmp_path, "guide-one", "a guide") / "SKILL.md", "guide-one/SKILL.md")
    notices = library.take_in()
    assert [notice.path.name for notice in notices] == [
        "double.py",
        "guide.zip",
        "hint.md",
        "lone.md",
    ]
    assert all(isinstance(notice, Admitted) for notice in notices)
    states = {entry.skill.name: entry.state for entry in library.entries()}
    assert states["double"] == "probation"
    assert states["guide-one"] == "active"
    assert sorted(path.name for path in (drop / ".done").iterdir()) == [
        "double.py",
        "guide.zip",
        "hint.md",
    ]
    assert (library.root / "README.md").exists()
    assert (library.root / "skills" / "lone.md").exists()
    assert library.take_in() == []


def test_refused_drops_stay_and_are_told_once(library: Library) -> None:
    bad = library.root / "drop" / "broken.py"
    bad.write_text("def broken(:\n")
    [notice] = library.take_in()
    assert isinstance(notice, Problem)
    assert notice.message.startswith(f"{bad}:1")
    assert "\n" not in notice.message
    assert library.take_in() == []
    assert library.problems() == [notice]
    assert bad.read_text() == "def broken(:\n"
    bad.write_text(DOUBLE)
    [notice] = library.take_in()
    assert isinstance(notice, Admitted)
    assert library.problems() == []


def test_one_bad_skill_in_a_drop_keeps_all_out(library: Library) -> None:
    (library.root / "drop" / "two.py").write_text(DOUBLE + DOUBLE.replace("double", "twofold"))

    def refuse(skill: Skill) -> None:
        if skill.name == "twofold":
            raise UserError("twofold: case 1 fails")

    [notice] = library.take_in(check=refuse)
    assert isinstance(notice, Problem)
    assert library.list() == []


def test_watcher_takes_in_what_appears(library: Library) -> None:
    notices: list[Notice] = []
    arrived = threading.Semaphore(0)

    def told(notice: Notice) -> None:
        notices.append(notice)
        arrived.release()

    with library.watch(told):
        (library.root / "drop" / "double.py").write_text(DOUBLE)
        assert arrived.acquire(timeout=10)
        (library.root / "drop" / "bad.txt").write_text("?")
        assert arrived.acquire(timeout=10)
    assert [type(notice) for notice in notices] == [Admitted, Problem]
    assert names(library, "double a number") == ["double"]


def test_prepared_vectors_cover_the_built_in_skills() -> None:
    keys = {key_of(MiniLMEmbedder.name, text) for text in builtin_texts()}
    missing = len(keys) - len(prepared_vectors(keys))
    assert missing == 0, f"{missing} texts: run python -m skillweave.store.prepare"


def test_the_re_ranker_that_comes_along_knows_the_built_in_skills() -> None:
    with np.load(TUNED) as file:
        known = set(file["names"].tolist())
    skills = [read_skill(file.parent) for file in builtin_root().glob("*/SKILL.md")]
    wanted = {skill.name for skill in skills if skill.requests}
    assert wanted <= known, f"{wanted - known}: run python -m skillweave.store.prepare"


@pytest.mark.usefixtures("few_builtin")
def test_the_re_ranker_that_comes_along_is_used(tmp_path: Path) -> None:
    with Library(tmp_path / "library") as library:
        best = library.search("spell the number out in words")[0]
    assert best.skill.name == "number-to-words"
    assert best.terms["learned"] != 0.0


def test_remembered_vectors_take_little_more_room_than_they_have(tmp_path: Path) -> None:
    file = tmp_path / "cache.sqlite"
    cache = EmbeddingCache(HashEmbedder(), file)
    vectors = cache.embed([f"text number {n}" for n in range(600)])
    cache.close()
    assert vectors.nbytes < file.stat().st_size < 2 * vectors.nbytes


def test_embedders_give_unit_rows(tmp_path: Path) -> None:
    texts = ["one two", "two three", "", "one two"]
    cache = EmbeddingCache(HashEmbedder(), tmp_path / "cache.sqlite")
    for vectors in (HashEmbedder().embed(texts), cache.embed(texts), cache.embed(texts)):
        assert vectors.shape == (4, 384)
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
        assert np.array_equal(vectors[0], vectors[3])
    cache.close()
    assert (tmp_path / "cache.sqlite").stat().st_size > 0

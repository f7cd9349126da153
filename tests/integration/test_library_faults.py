"""A full disk, a read-only folder, a folder that goes away, a clock that runs back, hostile files:
each is one clear line, and nothing else is affected."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillweave.skills import SkillweaveError, UserError, content_hash
from skillweave.skills.files import ignored
from skillweave.store import HashEmbedder, Library, Notice, Problem

GOOD = "---\nname: good\ndescription: a good guide\n---\n\nStays.\n"


def opened(root: Path) -> Library:
    return Library(root, embedder=HashEmbedder(), builtin=False)


def guide(folder: Path, name: str, text: str = "a guide", filling: int = 0) -> Path:
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    (path / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {text}\n---\n\n{text}\n")
    (path / "filling.txt").write_text("x" * filling)
    return path


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with opened(tmp_path / "library") as library:
        library.add(guide(tmp_path, "good", "a good guide"), state="active")
        yield library


def snapshot(folder: Path) -> dict[str, bytes]:
    files = [
        path for path in folder.rglob("*") if path.is_file() and ".skillweave" not in path.parts
    ]
    return {str(path): path.read_bytes() for path in files}


def one_line(call: Callable[[], object]) -> str:
    """The message of the error that is raised, which is ours and one line."""
    with pytest.raises(SkillweaveError) as caught:
        call()
    message = str(caught.value)
    assert message
    assert "\n" not in message
    return message


def still_good(library: Library) -> None:
    """The good skill is whole, found, and all there is."""
    assert [skill.name for skill in library.list()] == ["good"]
    assert content_hash(library.root / "skills" / "good") == library.get("good").digest
    assert [hit.skill.name for hit in library.search("good guide")] == ["good"]


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """A mount over ``folder``; needs root and leave to mount."""
    command = ["mount", *options, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no leave to mount here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing under ``folder`` can be written."""
    if os.geteuid() == 0:  # who may write everywhere, but not to a read-only mount
        with mounted(folder, "--bind", str(folder)):
            subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
            yield
        return
    places = [folder, *folder.rglob("*")]
    modes = {place: place.stat().st_mode for place in places}
    for place in places:
        place.chmod(modes[place] & 0o555)
    try:
        yield
    finally:
        for place in places:
            place.chmod(modes[place])


def test_a_disk_that_fills_up(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "-t", "tmpfs", "-o", "size=3m", "none"):
        root = disk / "library"
        digests: dict[str, str] = {}
        with opened(root) as library:
            for number in count():
                source = guide(tmp_path, f"skill-{number}", f"topic {number}", 30_000)
                try:
                    digests[source.name] = library.add(source, state="active").digest
                except UserError as error:
                    assert "cannot be written" in str(error)
                    assert "\n" not in str(error)
                    break
            assert len(digests) > 3
            assert library.get("skill-1").digest == digests["skill-1"]
            assert len(library.search("topic", k=50)) >= len(digests)
            with pytest.raises(UserError, match="cannot be written"):
                library.add(guide(tmp_path, "big", filling=4_000_000))
        subprocess.run(["mount", "-o", "remount,size=30m", str(disk)], check=True)
        with opened(root) as library:
            assert library.check() == []
            there = {skill.name: skill.digest for skill in library.list()}
            # The last one may have come in before its index entry failed.
            assert digests.items() <= there.items()
            assert len(there) <= len(digests) + 1
            assert {hit.skill.name for hit in library.search("topic", k=50)} == set(there)
            library.add(guide(tmp_path, "big", filling=4_000_000))


@pytest.mark.parametrize("call", ["fsync", "rename", "mkdir"])
def test_every_write_may_find_the_disk_full(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The n-th call fails, for every n, until an update gets through."""
    old = library.get("good")
    source = guide(tmp_path, "good", "a better good guide")
    real: Callable[..., object] = getattr(os, call)
    refused = 0
    for wanted in range(50):
        turn = count()

        def fail(
            *arguments: object, turn: count[int] = turn, wanted: int = wanted, **more: object
        ) -> object:
            if next(turn) == wanted:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments, **more)

        monkeypatch.setattr(os, call, fail)
        try:
            library.add(source)
        except UserError as error:
            assert "No space left" in str(error)
            assert "\n" not in str(error)
            refused += 1
        else:
            break
        finally:
            monkeypatch.setattr(os, call, real)
        assert library.get("good") == old
        assert library.check() == []
        still_good(library)
        assert list((library.root / ".skillweave" / "staging").iterdir()) == []
    assert refused
    assert library.get("good").description == "a better good guide"
    assert library.check() == []
    assert library.rollback("good", "1").digest == old.digest


def test_a_ledger_that_takes_nothing(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*events: object) -> None:
        raise UserError("ledger.sqlite: cannot be written (database or disk is full)")

    old = library.get("good")
    with monkeypatch.context() as patch:
        patch.setattr(library._ledger, "append", full)
        for name in ("good", "more"):
            assert "disk is full" in one_line(lambda name=name: library.add(guide(tmp_path, name)))  # type: ignore[misc]
    assert library.get("good") == old
    assert [path.name for path in (library.root / "skills").iterdir()] == ["good"]
    still_good(library)
    assert library.check() == []


def test_a_read_only_library(tmp_path: Path) -> None:
    root = tmp_path / "library"
    with opened(root) as library:
        library.add(guide(tmp_path, "good", "a good guide"), state="active")
    before = snapshot(root)
    with read_only(root):
        assert str(root) in one_line(lambda: opened(root))
    with opened(root) as library:
        still_good(library)
        with read_only(root):
            for change in (
                lambda: library.add(guide(tmp_path, "more")),
                lambda: library.archive("good"),
                library.rebuild,
            ):
                assert str(root) in one_line(change)
            assert library.get("good").description == "a good guide"
        assert library.check() == []
        still_good(library)
        library.add(guide(tmp_path, "more"))
    assert snapshot(root).items() >= before.items()


def test_a_folder_deleted_while_it_is_used(library: Library, tmp_path: Path) -> None:
    library.search("good")
    shutil.rmtree(library.root)
    for use in (
        lambda: library.add(guide(tmp_path, "more")),
        lambda: library.search("good"),
        lambda: library.archive("good"),
        lambda: library.record("good", "used"),
        library.sync,
        library.rebuild,
    ):
        assert "the library is gone" in one_line(use)
    assert not library.root.exists()
    library.close()
    with opened(library.root) as again:
        assert again.list() == []
        again.add(guide(tmp_path, "more"))
        assert again.check() == []


def test_a_folder_deleted_while_it_is_watched(library: Library, tmp_path: Path) -> None:
    notices: list[Notice] = []
    with library.watch(notices.append):
        shutil.rmtree(library.root)
        deadline = time.monotonic() + 20
        while not notices and time.monotonic() < deadline:
            time.sleep(0.05)
    assert isinstance(notices[0], Problem)
    assert "the library is gone" in notices[0].message


def test_a_clock_that_runs_backwards(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = count(2_000_000_000, -86_400)
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    first = library.add(guide(tmp_path, "one", "boil eggs"), state="active")
    second = library.add(guide(tmp_path, "one", "fry eggs"), state="active")
    library.archive("one")
    library.restore("one")
    folder = library.root / "skills" / "one"
    (folder / "SKILL.md").write_text((folder / "SKILL.md").read_text().replace("fry", "try"))
    os.utime(folder / "SKILL.md", (1, 1))
    assert library.sync().updated == ("one",)
    events = library.history("one")
    assert [event.kind for event in events] == ["added", "updated", "state", "state", "updated"]
    assert events[0].at > events[-1].at
    told = [version.digest for version in library.versions("one")]
    assert told == [first.digest, second.digest, library.get("one").digest]
    assert library.entry("one").state == "active"
    library.close()
    with opened(library.root) as again:
        assert again.history("one") == events
        assert again.check() == []
        assert again.search("try eggs")[0].skill.name == "one"


def bomb() -> str:
    lines = ["a0: &a0 x", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
    return "---\nname: bad\ndescription: d\n" + "\n".join(lines) + "\n---\n"


HOSTILE: dict[str, str | bytes] = {
    "10 MB": GOOD.replace("good", "bad") + "x" * 10_000_000,
    "binary garbage": bytes(range(256)) * 64,
    "YAML bomb": bomb(),
    "deep YAML": f"---\nname: bad\ndescription: d\nmetadata: {'{a: ' * 3000}\n---\n",
    "Python object": "---\nname: bad\ndescription: !!python/object/apply:os.system [x]\nlicense: [\n---\n",
    "no end": "---\nname: bad\n",
    "control characters": "---\nname: bad\ndescription: a\x00b\x1b[2J\n---\n",
    "kind without files": "---\nname: bad\ndescription: d\nmetadata:\n  skillweave-kind: adapter\n---\n",
    "name that leads out": "---\nname: ../../..\ndescription: d\n---\n",
}


@pytest.mark.parametrize("way", ["add", "drop", "skills"])
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_skill_file(library: Library, tmp_path: Path, what: str, way: str) -> None:
    places = {
        "add": tmp_path / "from",
        "drop": library.root / "drop",
        "skills": library.root / "skills",
    }
    folder = places[way] / "bad"
    folder.mkdir(parents=True)
    data = HOSTILE[what]
    (folder / "SKILL.md").write_bytes(data if isinstance(data, bytes) else data.encode())
    before = snapshot(tmp_path)
    match way:
        case "add":
            message = one_line(lambda: library.add(folder))
        case "drop":
            [problem] = library.take_in()
            assert isinstance(problem, Problem)
            message = problem.message
        case _:
            [message] = [problem.message for problem in library.sync().problems]
    assert str(folder) in message
    assert len(message.splitlines()) == 1
    assert len(message) < 400
    assert message.isprintable()
    still_good(library)
    assert snapshot(tmp_path) == before


def test_zip_slip(library: Library, tmp_path: Path) -> None:
    for number, name in enumerate(
        ("../../slip", "/slip", "a/../../../slip", "..\\slip", "C:\\slip")
    ):
        with zipfile.ZipFile(library.root / "drop" / f"{number}.zip", "w") as archive:
            archive.writestr("SKILL.md", GOOD.replace("good", "bad"))
            archive.writestr(name, "x")
    before = snapshot(tmp_path)
    notices = library.take_in()
    assert len(notices) == 5
    for notice in notices:
        assert isinstance(notice, Problem)
        assert str(notice.path) in notice.message
        assert "\n" not in notice.message
    still_good(library)
    assert snapshot(tmp_path) == before
    assert list(tmp_path.rglob("*slip*")) == []


def test_links_out_of_the_library(library: Library, tmp_path: Path) -> None:
    outside = guide(tmp_path / "outside", "bad")
    secret = tmp_path / "secret"
    secret.write_text("do not read")
    (library.root / "skills" / "linked").symlink_to(outside)
    inner = guide(library.root / "skills", "inner")
    (inner / "note.txt").symlink_to(secret)
    (library.root / "skills" / "file").mkdir()
    (library.root / "skills" / "file" / "SKILL.md").symlink_to(outside / "SKILL.md")
    (library.root / "drop" / "dropped").symlink_to(outside)
    (library.root / "drop" / "note.md").symlink_to(secret)
    problems = [*library.sync().problems, *library.take_in()]
    told = {
        problem.path.name: problem.message for problem in problems if isinstance(problem, Problem)
    }
    assert set(told) == {"linked", "inner", "file", "dropped", "note.md"}
    assert all("link" in message and "\n" not in message for message in told.values())
    still_good(library)
    assert (outside / "SKILL.md").is_file()
    assert secret.read_text() == "do not read"


def test_names_that_differ_only_in_case(library: Library, tmp_path: Path) -> None:
    folder = guide(library.root / "skills", "other")
    folder.rename(library.root / "skills" / "GOOD")
    (library.root / "skills" / "GOOD" / "SKILL.md").write_text(GOOD.replace("good", "Good"))
    [problem] = library.sync().problems
    assert "is also the name of" in problem.message
    source = guide(tmp_path, "twice")
    (source / "FILLING.txt").touch()
    assert "differ only by case" in one_line(lambda: library.add(source))
    claims = guide(library.root / "skills", "a-claim")
    (claims / "SKILL.md").write_text(GOOD.replace("Stays", "Claims"))
    assert {problem.path for problem in library.sync().problems} == {
        claims,
        folder.with_name("GOOD"),
    }
    still_good(library)
    assert library.get("good").path == library.root / "skills" / "good"


NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12
)
PARTS = st.sampled_from(
    ["SKILL.md", "scripts", "tool.py", "adapter", "evals", "cases.jsonl", "a", "A"]
)
FRONT = st.sampled_from(
    [
        b"---\n",
        b"name: x\n",
        b"description: d\n",
        b"metadata:\n",
        b"  skillweave-kind: tool\n",
        b"def f(x: int) -> int:\n    return x\n",
        b"- ",
        b": ",
        b"&a *a\n",
        b"\xff",
        b"\0",
    ]
)
CONTENT = st.one_of(
    st.binary(max_size=40),
    st.lists(FRONT, max_size=8).map(b"".join),
    st.just(b"---\nname: fuzzy\ndescription: d\n---\n\nb\n"),
)
TREES = st.dictionaries(
    st.lists(NAMES | PARTS, min_size=1, max_size=3).map(tuple), CONTENT, min_size=1, max_size=6
)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with opened(tmp_path_factory.mktemp("fuzz") / "library") as library:
        yield library


@settings(max_examples=int(os.environ.get("FUZZ", "60")))
@given(tree=TREES, main=CONTENT)
def test_any_folder_is_a_skill_or_one_line(
    lasting: Library,
    tmp_path_factory: pytest.TempPathFactory,
    tree: dict[tuple[str, ...], bytes],
    main: bytes,
) -> None:
    place = tmp_path_factory.mktemp("tree")
    folder = place / "fuzzy"
    folder.mkdir()
    for parts, data in {("SKILL.md",): main, **tree}.items():
        path = folder.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError:  # a file where a folder should be, or a name too long
            continue
    before = snapshot(folder)
    known = {skill.name: skill.digest for skill in lasting.list()}
    try:
        skills = lasting.add_all(folder, state="active")
    except SkillweaveError as error:
        assert len(str(error).splitlines()) == 1
        assert {skill.name: skill.digest for skill in lasting.list()} == known
    else:
        for skill in skills:
            assert skill.path is not None
            assert content_hash(skill.path) == skill.digest
        if (folder / "SKILL.md").is_file() and len(skills) == 1:
            exported = lasting.export(skills[0].name, place / "out")
            kept = {
                str(Path(name).relative_to(folder)): data
                for name, data in before.items()
                if not any(ignored(part) for part in Path(name).relative_to(folder).parts)
                and Path(name).relative_to(folder) != Path("verdict.json")
            }
            assert {
                str(Path(name).relative_to(exported)): data
                for name, data in snapshot(exported).items()
            } == kept
    assert snapshot(folder) == before
    assert lasting.check() == []
    shutil.rmtree(place)

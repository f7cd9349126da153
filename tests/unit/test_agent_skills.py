"""Agent Skills as others write them: they load unchanged, and come out again byte for byte."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from skillweave.skills import UserError, read_skill
from skillweave.store import Admitted, HashEmbedder, Library

EXAMPLES = sorted((Path(__file__).parents[1] / "data" / "agent_skills").iterdir())
TOLD = {
    "data-pipeline": "name 'Data Pipeline' is read as 'data-pipeline'",
    "regex-coach": "SKILL.md:3: a value holds ': '",
    "release-notes": "no name; taken from its place",
    "log-triage": "read as a guide, not as a tool",
    "csv-summary": "cases.jsonl:1: unknown key 'prompt'",
    "incident-review": "allowed-tools is a list",
}
"""What is read leniently, and said."""


def content(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """Every file with its bytes and whether it is executable."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_there_are_enough_and_they_differ() -> None:
    assert len(EXAMPLES) >= 15
    suffixes = {path.suffix for example in EXAMPLES for path in example.rglob("*")}
    assert {".py", ".sh", ".ps1", ".js", ".rb", ".png", ".pdf", ".csv", ".example", ""} <= suffixes


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_it_goes_in_is_found_and_comes_out_the_same(folder: Path, tmp_path: Path) -> None:
    before = content(folder)
    with Library(tmp_path / "library", embedder=HashEmbedder(), builtin=False) as library:
        skill = library.add(folder, state="active")
        assert skill.kind == "guide"
        assert library.search(skill.description)[0].skill.name == skill.name
        exported = library.export(skill.name, tmp_path / "out")
        with pytest.raises(UserError, match="is there already"):
            library.export(skill.name, tmp_path / "out")
        assert library.check() == []
    assert exported == tmp_path / "out" / skill.name
    assert content(exported) == before == content(folder)
    expected = TOLD.get(skill.name)
    if expected is None:
        assert skill.warnings == ()
    else:
        assert expected in "\n".join(skill.warnings)
    assert "\n" not in "".join(skill.warnings)


def test_all_of_them_in_one_zip(tmp_path: Path) -> None:
    root = tmp_path / "library"
    with Library(root, embedder=HashEmbedder(), builtin=False) as library:
        with zipfile.ZipFile(root / "drop" / "all.zip", "w") as archive:
            for example in EXAMPLES:
                for path in example.rglob("*"):
                    archive.write(path, path.relative_to(example.parent))
        [notice] = library.take_in()
        assert isinstance(notice, Admitted), notice.message
        assert len(notice.skills) == len(EXAMPLES)
        for skill, example in zip(notice.skills, EXAMPLES, strict=True):
            exported = content(library.export(skill.name, tmp_path / "out"))
            assert {name: data for name, (data, _) in exported.items()} == {
                name: data for name, (data, _) in content(example).items()
            }


def test_all_of_them_copied_into_the_skills_folder(tmp_path: Path) -> None:
    root = tmp_path / "library"
    with Library(root, embedder=HashEmbedder(), builtin=False) as library:
        for example in EXAMPLES:
            shutil.copytree(example, root / "skills" / example.name)
        report = library.sync()
        assert report.problems == ()
        assert set(report.added) == {read_skill(example).name for example in EXAMPLES}

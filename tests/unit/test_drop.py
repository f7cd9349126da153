"""Whatever is dropped in becomes skills, or one clear line; it never runs and never changes."""

from __future__ import annotations

import io
import json
import shutil
import stat
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from skillweave.skills import (
    AdapterError,
    Case,
    SkillFormatError,
    UserError,
    WrappedSkill,
    read_skill,
    wrap,
)
from skillweave.skills import archive as archive_module

SKILL = b"---\nname: some-skill\ndescription: Does something.\n---\n\nHow.\n"


def snapshot(path: Path) -> dict[str, bytes]:
    """Everything that lies at a path."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return {str(p): p.read_bytes() for p in files}


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    """A zip with these files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def refused(path: Path) -> SkillFormatError:
    """The error that wrapping raises; it is one line, and the file is as it was."""
    before = snapshot(path)
    with pytest.raises(SkillFormatError) as caught:
        wrap(path)
    error = caught.value
    assert "\n" not in str(error)
    assert str(error) == str(error).strip()
    assert error.remedy
    assert snapshot(path) == before
    return error


def only(path: Path, library: Path) -> WrappedSkill:
    """The one skill in a file; it is written, and reads back as it was announced."""
    before = snapshot(path)
    (wrapped,) = wrap(path)
    written = wrapped.write(library / wrapped.skill.name)
    assert written == wrapped.skill.model_copy(update={"path": library / wrapped.skill.name})
    assert read_skill(library / wrapped.skill.name).digest == wrapped.skill.digest
    assert snapshot(path) == before
    return wrapped


class TestModules:
    def test_a_typed_function(self, tmp_path: Path) -> None:
        file = tmp_path / "tools.py"
        file.write_text(
            "import os\n"
            "os.environ['SKILLWEAVE_RAN'] = '1'\n"
            f"open({str(tmp_path / 'ran')!r}, 'w').write('x')\n"
            "raise SystemExit('it ran')\n\n"
            "def parse_date(text: str, *, strict: bool = False) -> str:\n"
            '    """Read a date.\n\n'
            "    Longer text.\n\n"
            "    >>> parse_date('3 May 2024')\n"
            "    '2024-05-03'\n"
            '    """\n'
            "    return text\n"
        )
        wrapped = only(file, tmp_path / "library")
        skill = wrapped.skill
        assert not (tmp_path / "ran").exists()
        assert (skill.name, skill.kind) == ("parse-date", "tool")
        assert skill.description == "Read a date."
        assert "Longer text." in skill.body
        assert skill.metadata == {"skillweave-function": "parse_date"}
        assert skill.cases == (Case(arguments={"text": "3 May 2024"}, expected="2024-05-03"),)
        assert skill.signature is not None
        assert skill.signature.text() == "parse_date(text: string, strict: boolean = False)"
        assert wrapped.files["scripts/tool.py"] == file.read_bytes()
        assert skill.warnings == ()

    def test_without_a_docstring_the_name_describes(self, tmp_path: Path) -> None:
        file = tmp_path / "t.py"
        file.write_text("def word_count(text: str) -> int:\n    return len(text.split())\n")
        skill = only(file, tmp_path / "library").skill
        assert (skill.name, skill.description, skill.body) == ("word-count", "Word count", "")

    def test_several_functions_share_the_file(self, tmp_path: Path) -> None:
        file = tmp_path / "t.py"
        file.write_bytes(
            b"def _half(x: float) -> float:\r\n    return x / 2\r\n"
            b"def quarter(x: float) -> float:\r\n    return _half(_half(x))\r\n"
            b"def untyped(x):\r\n    return x\r\n"
            b"def halfOf(x: float) -> float:\r\n    return _half(x)\r\n"
        )
        wrapped = wrap(file)
        assert [w.skill.name for w in wrapped] == ["quarter", "half-of"]
        assert [w.skill.metadata["skillweave-function"] for w in wrapped] == ["quarter", "halfOf"]
        for one in wrapped:
            assert one.files["scripts/tool.py"] == file.read_bytes()
            written = one.write(tmp_path / one.skill.name)
            assert "t.py:5: untyped has no return type" in written.warnings[0]

    @pytest.mark.parametrize(
        ("source", "line", "reason"),
        [
            ("def f(:\n", 1, "not valid Python"),
            ("x = 1\n\ndef f(a) -> int:\n    return a\n", 3, "parameter 'a' of f has no type"),
            ("x = 1\n\ndef f(a: int):\n    return a\n", 3, "f has no return type"),
            ("def f(a: date) -> str: ...\n", 1, "type date that JSON cannot hold"),
            ("", 1, "no public function"),
            ("print('hello')\n", 1, "no public function"),
            ("def _f(a: int) -> int: ...\n", 1, "no public function"),
            ("\n\nasync def f(a: int) -> int: ...\n", 3, "f is async"),
            (
                "def a_b(x: int) -> int: ...\ndef aB(x: int) -> int: ...\n",
                2,
                "a_b and aB would both be the skill 'a-b'",
            ),
            (
                "def Add(x: int) -> int: ...\ndef add(x: int) -> int: ...\n",
                2,
                "Add and add would both be",
            ),
            (f"def {'f' * 65}(x: int) -> int: ...\n", 1, "gives no name"),
            ("def 日本(x: int) -> int: ...\n", 1, "gives no name"),
        ],
    )
    def test_refusals(self, tmp_path: Path, source: str, line: int, reason: str) -> None:
        file = tmp_path / "t.py"
        file.write_text(source)
        error = refused(file)
        assert reason in error.reason
        assert (error.file, error.line) == (file, line)

    def test_binary_garbage(self, tmp_path: Path) -> None:
        file = tmp_path / "t.py"
        file.write_bytes(b"\n\x80\x81\0\xff")
        assert refused(file).line == 2

    def test_too_large(self, tmp_path: Path) -> None:
        file = tmp_path / "t.py"
        file.write_bytes(b"# x\n" * 3_000_000)
        assert "larger than 1 MB" in refused(file).reason


class TestNotes:
    def test_without_frontmatter_it_is_an_experience(self, tmp_path: Path) -> None:
        file = tmp_path / "note.md"
        file.write_text("# Retry on HTTP 429\n\nWait as long as\nthe header says.\n\n- more\n")
        skill = only(file, tmp_path / "library").skill
        assert (skill.name, skill.kind) == ("retry-on-http-429", "experience")
        assert skill.description == "Wait as long as the header says."
        assert skill.body.startswith("# Retry on HTTP 429")
        assert skill.warnings == ()

    @pytest.mark.parametrize(
        ("text", "name", "description"),
        [
            ("Just text.", "my-note", "Just text."),
            ("# Only a title", "only-a-title", "Only a title"),
            ("- a list", "my-note", "my note"),
            ("# 日本", "my-note", "日本"),
            ("## Deep ##\n\n" + "w " * 1000, "deep", "w " * 510 + "w..."),
        ],
    )
    def test_names_and_descriptions(
        self, tmp_path: Path, text: str, name: str, description: str
    ) -> None:
        file = tmp_path / "my_note.md"
        file.write_text(text)
        skill = only(file, tmp_path / "library").skill
        assert (skill.name, skill.description) == (name, description)

    def test_with_frontmatter_it_says_itself_what_it_is(self, tmp_path: Path) -> None:
        file = tmp_path / "note.md"
        file.write_bytes(SKILL)
        wrapped = only(file, tmp_path / "library")
        assert (wrapped.skill.name, wrapped.skill.kind) == ("some-skill", "guide")
        assert wrapped.skill.warnings == ()
        file.write_bytes(
            b"---\ndescription: d\nmetadata:\n  skillweave-kind: experience\n---\nText\n"
        )
        skill = only(file, tmp_path / "library").skill
        assert (skill.name, skill.kind) == ("note", "experience")
        assert skill.warnings == ("SKILL.md:1: no name; taken from its place: 'note'",)

    @pytest.mark.parametrize(
        ("data", "line", "reason"),
        [
            (b"", 1, "is empty"),
            (b" \n\n", 1, "is empty"),
            (b"---\ntags: [a]\n---\ntext\n", 1, "no description"),
            (b"---\ndescription: d\n", 1, "no end"),
            (b"a\n\0", 2, "not UTF-8 text"),
            (b"x" * 10_000_000, 1, "larger than 1 MB"),
            (
                b"---\ndescription: d\nmetadata: {skillweave-kind: tool}\n---\n",
                3,
                "has no scripts/tool.py",
            ),
        ],
    )
    def test_refusals(self, tmp_path: Path, data: bytes, line: int, reason: str) -> None:
        file = tmp_path / "note.md"
        file.write_bytes(data)
        error = refused(file)
        assert reason in error.reason
        assert (error.file, error.line) == (file, line)

    def test_no_name_at_all(self, tmp_path: Path) -> None:
        file = tmp_path / "日本.md"
        file.write_text("日本")
        assert "neither heading nor file name" in refused(file).reason


class TestFolders:
    def test_a_skill_folder(self, tmp_path: Path) -> None:
        folder = tmp_path / "Some Skill"
        folder.mkdir()
        (folder / "SKILL.md").write_bytes(SKILL)
        (folder / "references").mkdir()
        (folder / "references" / "a.txt").write_text("a")
        (folder / "verdict.json").write_text('{"effect": 1}')
        wrapped = only(folder, tmp_path / "library")
        assert wrapped.skill.name == "some-skill"
        assert wrapped.skill.warnings == ()
        assert set(wrapped.files) == {"SKILL.md", "references/a.txt"}

    def test_a_folder_of_skills(self, tmp_path: Path) -> None:
        for name in ("b", "a"):
            folder = tmp_path / "all" / "group" / name
            folder.mkdir(parents=True)
            (folder / "SKILL.md").write_bytes(SKILL.replace(b"some-skill", name.encode()))
            (folder / "inner").mkdir()
            (folder / "inner" / "SKILL.md").write_bytes(SKILL)
        (tmp_path / "all" / "README.md").write_text("hello")
        wrapped = wrap(tmp_path / "all")
        assert [w.skill.name for w in wrapped] == ["a", "b"]
        assert set(wrapped[0].files) == {"SKILL.md", "inner/SKILL.md"}

    def test_two_skills_of_one_name(self, tmp_path: Path) -> None:
        for name in ("b", "a"):
            (tmp_path / "all" / name).mkdir(parents=True)
            (tmp_path / "all" / name / "SKILL.md").write_bytes(SKILL)
        assert "two skills are named 'some-skill'" in refused(tmp_path / "all").reason

    def test_a_fault_is_said_with_its_place(self, tmp_path: Path) -> None:
        (tmp_path / "all" / "a").mkdir(parents=True)
        (tmp_path / "all" / "a" / "SKILL.md").write_bytes(b"---\nname: [\n---\n")
        error = refused(tmp_path / "all")
        assert (error.file, error.line) == (tmp_path / "all" / "a" / "SKILL.md", 2)

    def test_names_that_differ_only_by_case(self, tmp_path: Path) -> None:
        folder = tmp_path / "s"
        folder.mkdir()
        (folder / "SKILL.md").write_bytes(SKILL)
        (folder / "A.txt").touch()
        (folder / "a.txt").touch()
        assert "A.txt and a.txt differ only by case" in refused(folder).reason

    def test_a_lone_file_in_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "s").mkdir()
        (tmp_path / "s" / "t.py").write_text("def f(x: int) -> int:\n    return x\n")
        assert only(tmp_path / "s", tmp_path / "library").skill.name == "f"

    @pytest.mark.parametrize("name", ["x.exe", "x", "x.tar.gz"])
    def test_what_is_no_skill(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_bytes(b"x")
        assert "is no skill" in refused(tmp_path / name).reason
        assert "drop a skill folder" in refused(tmp_path / name).remedy

    def test_nothing(self, tmp_path: Path) -> None:
        assert "no such file" in refused(tmp_path / "nothing.py").reason
        (tmp_path / "empty").mkdir()
        assert "no SKILL.md and no adapter_config.json" in refused(tmp_path / "empty").reason


class TestAdapters:
    @pytest.fixture
    def adapter(self, tmp_path: Path) -> Path:
        folder = tmp_path / "Formal_Tone"
        folder.mkdir()
        prefix = "base_model.model.model.layers.0.self_attn.q_proj"
        save_file(
            {
                f"{prefix}.lora_A.weight": np.ones((4, 8), dtype=np.float32),
                f"{prefix}.lora_B.weight": np.ones((8, 4), dtype=np.float32),
            },
            folder / "adapter_model.safetensors",
        )
        config = {
            "peft_type": "LORA",
            "r": 4,
            "lora_alpha": 8,
            "target_modules": ["q_proj"],
            "skillweave_base": "ab" * 32,
        }
        (folder / "adapter_config.json").write_text(json.dumps(config))
        return folder

    def test_a_peft_folder(self, tmp_path: Path, adapter: Path) -> None:
        (adapter / "README.md").write_text(
            "---\nbase_model: x\n---\n\n# Model Card\n\n<!-- Summary -->\n\n"
            "Writes in a formal tone.\n"
        )
        (adapter / "optimizer.pt").write_bytes(b"x")
        wrapped = only(adapter, tmp_path / "library")
        skill = wrapped.skill
        assert (skill.name, skill.kind) == ("formal-tone", "adapter")
        assert skill.description == "Writes in a formal tone."
        assert skill.metadata == {"skillweave-base": "ab" * 32}
        assert skill.adapter is not None
        assert (skill.adapter.base, skill.adapter.rank) == ("ab" * 32, 4)
        assert set(wrapped.files) == {
            "SKILL.md",
            "adapter/adapter_config.json",
            "adapter/adapter_model.safetensors",
        }

    def test_an_unfilled_model_card_describes_nothing(self, tmp_path: Path, adapter: Path) -> None:
        (adapter / "README.md").write_text("# Card\n\nText.\n\n[More Information Needed]\n")
        skill = only(adapter, tmp_path / "library").skill
        assert (skill.description, skill.body) == ("LoRA adapter formal-tone, rank 4", "")

    def test_cases_travel_with_it(self, tmp_path: Path, adapter: Path) -> None:
        (adapter / "evals").mkdir()
        (adapter / "evals" / "cases.jsonl").write_text('{"input": "hi", "expected": "Hello."}\n')
        (adapter / "evals" / "requests.txt").write_text("make it formal\n")
        skill = only(adapter, tmp_path / "library").skill
        assert skill.description == "LoRA adapter formal-tone, rank 4"
        assert skill.cases == (Case(input="hi", expected="Hello."),)
        assert skill.requests == ("make it formal",)

    def test_a_zipped_one(self, tmp_path: Path, adapter: Path) -> None:
        packed = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, adapter.name)
        assert only(Path(packed), tmp_path / "library").skill.name == "formal-tone"

    def test_a_damaged_one(self, adapter: Path) -> None:
        weights = adapter / "adapter_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1])
        with pytest.raises(AdapterError, match="not a whole safetensors file") as caught:
            wrap(adapter)
        assert str(weights) in str(caught.value)

    def test_a_linked_one_as_in_the_hub_cache(self, tmp_path: Path, adapter: Path) -> None:
        blobs = tmp_path / "blobs"
        blobs.mkdir()
        for file in list(adapter.iterdir()):
            file.rename(blobs / file.name)
            file.symlink_to(blobs / file.name)
        assert "link out of the skill's folder" in refused(adapter).reason


class TestZips:
    @pytest.mark.parametrize("top", ["", "some-skill/", "repo/skills/x/"])
    def test_a_skill(self, tmp_path: Path, top: str) -> None:
        files = {
            f"{top}SKILL.md": SKILL,
            f"{top}references/a.txt": b"a",
            f"{top}.DS_Store": b"x",
            "__MACOSX/._SKILL.md": b"x",
        }
        wrapped = only(zipped(tmp_path / "s.zip", files), tmp_path / "library")
        assert wrapped.skill.name == "some-skill"
        assert set(wrapped.files) == {"SKILL.md", "references/a.txt"}

    def test_a_lone_module(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "s.zip", {"t.py": b"def f(x: int) -> int:\n    return x\n"})
        assert only(path, tmp_path / "library").skill.name == "f"

    @pytest.mark.parametrize(
        "name", ["../evil.txt", "a/../../evil.txt", "/evil.txt", "C:/evil.txt", "..\\evil.txt"]
    )
    def test_paths_that_lead_out(self, tmp_path: Path, name: str) -> None:
        drops = tmp_path / "drops"
        drops.mkdir()
        path = zipped(drops / "s.zip", {"SKILL.md": SKILL, name: b"evil"})
        assert "path" in refused(path).reason or "leads out" in refused(path).reason
        assert [p.name for p in tmp_path.rglob("*")] == ["drops", "s.zip"]

    def test_links(self, tmp_path: Path) -> None:
        path = tmp_path / "s.zip"
        link = zipfile.ZipInfo("passwd")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("SKILL.md", SKILL)
            archive.writestr(link, "/etc/passwd")
        assert "is a link or a device" in refused(path).reason

    def test_names_that_differ_only_by_case(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "s.zip", {"SKILL.md": SKILL, "skill.MD": b"x"})
        assert "SKILL.md and skill.MD differ only by case" in refused(path).reason

    def test_two_files_of_one_name(self, tmp_path: Path) -> None:
        path = tmp_path / "s.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("SKILL.md", SKILL)
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr("SKILL.md", b"other")
        assert "two files of one name" in refused(path).reason

    def test_a_bomb(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "s.zip", {"SKILL.md": SKILL, "zeros": bytes(20_000_000)})
        assert "packed more than 200:1" in refused(path).reason

    def test_a_bomb_of_many_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archive_module, "MAX_TOTAL", 3_000_000)
        files = {f"{i}": bytes(1_000_000) for i in range(4)}
        path = zipped(tmp_path / "s.zip", {"SKILL.md": SKILL, **files})
        assert "unpacks to more than 2 MB" in refused(path).reason

    def test_too_many_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archive_module, "MAX_FILES", 3)
        files = {str(i): b"" for i in range(4)}
        assert "more than 3 files" in refused(zipped(tmp_path / "s.zip", files)).reason

    def test_a_size_that_lies(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "s.zip", {"SKILL.md": SKILL, "zeros": bytes(5_000_000)})
        real, fake = struct.pack("<I", 5_000_000), struct.pack("<I", 100)
        path.write_bytes(path.read_bytes().replace(real, fake))
        assert refused(path).remedy == "pack it again"

    def test_an_encrypted_one(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "s.zip", {"SKILL.md": SKILL})
        data = bytearray(path.read_bytes())
        data[data.index(b"PK\1\2") + 8] |= 1
        path.write_bytes(data)
        assert "is encrypted" in refused(path).reason

    def test_a_name_with_a_line_break_makes_no_second_line(self, tmp_path: Path) -> None:
        path = tmp_path / "s.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("some-skill/SKILL.md", SKILL)
            archive.writestr("../a\nb", b"a")
        with pytest.raises(SkillFormatError) as caught:
            wrap(path)
        assert "\n" not in str(caught.value)

    @given(
        flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
        cut=st.integers(0, 400),
    )
    @settings(deadline=None)
    def test_damage_is_refused_or_harmless(
        self, tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]], cut: int
    ) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("some-skill/SKILL.md", SKILL)
            archive.writestr("some-skill/references/a.txt", b"a" * 50)
        data = bytearray(buffer.getvalue())
        for place, value in flips:
            data[place % len(data)] = value
        path = tmp_path_factory.mktemp("zip") / "s.zip"
        path.write_bytes(data[: max(len(data) - cut, 0)] if cut > 200 else data)
        try:
            assert wrap(path)
        except UserError as error:
            assert "\n" not in str(error)

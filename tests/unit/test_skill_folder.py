"""A skill's folder: what is written reads back the same, what is wrong is said with its line."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from skillweave.skills import Case, Skill, SkillFormatError, content_hash, read_skill, write_skill
from skillweave.skills.atomic import replace_folder
from skillweave.skills.caselines import format_cases, parse_cases
from skillweave.skills.files import Content, hash_files, unsafe_path
from skillweave.skills.folder import LIFTED, PREFIX
from skillweave.skills.names import is_name, slug

TOOL = b"def add(a: int, b: int = 2) -> int:\n    return a + b\n"


@contextmanager
def folder(name: str = "some-skill") -> Iterator[Path]:
    """A path for a skill's folder, fresh for every example of a property test."""
    with tempfile.TemporaryDirectory() as parent:
        yield Path(parent) / name


def make(parent: Path, text: str | bytes, name: str = "some-skill") -> Path:
    """A skill's folder with this SKILL.md."""
    dest = parent / name
    dest.mkdir(parents=True)
    (dest / "SKILL.md").write_bytes(text.encode() if isinstance(text, str) else text)
    return dest


characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
words = st.text(characters, min_size=1, max_size=60).map(str.strip).filter(bool)
lines = words.map(lambda text: " ".join(text.split())).filter(bool)
names = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)
json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(characters, max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
tool_cases = st.builds(
    Case, arguments=st.dictionaries(words, json_values, max_size=3), expected=json_values
)
adapter_cases = st.builds(Case, input=st.text(characters, max_size=30), expected=json_values)
raising_cases = st.builds(
    Case, arguments=st.dictionaries(words, json_values, max_size=2), raises=st.just("ValueError")
)
metadata_keys = words.filter(lambda key: key.removeprefix(PREFIX) not in LIFTED)
skills = st.builds(
    Skill,
    name=names,
    description=words,
    kind=st.sampled_from(["experience", "guide"]),
    body=st.text(characters, max_size=200).map(lambda t: t.replace("\r\n", "\n").strip()),
    license=st.none() | words,
    compatibility=st.none() | words,
    metadata=st.dictionaries(metadata_keys, st.text(characters, max_size=30), max_size=4),
    allowed_tools=st.none() | words,
    use_when=st.just("") | words,
    avoid_when=st.just("") | words,
    requires=st.lists(names, max_size=3).map(tuple),
    toolkit=st.none() | words,
    requests=st.lists(lines, max_size=3, unique=True).map(tuple),
    cases=st.lists(tool_cases | adapter_cases | raising_cases, max_size=3).map(tuple),
)


@given(skill=skills)
@settings(deadline=None, max_examples=100)
def test_what_is_written_reads_back_the_same(skill: Skill) -> None:
    with folder(skill.name) as dest:
        read = write_skill(skill, {"references/a.txt": b"evidence"}, dest)
        assert read.warnings == ()
        assert read.model_copy(update={"digest": "", "path": None}) == skill
        again = write_skill(read, {n: dest / n for n in ("SKILL.md", "references/a.txt")}, dest)
        assert again == read
        assert content_hash(dest) == read.digest == again.digest


@given(cases=st.lists(tool_cases | adapter_cases | raising_cases, max_size=5))
@settings(deadline=None)
def test_cases_read_back_the_same(cases: Sequence[Case]) -> None:
    assert parse_cases(format_cases(cases), Path("cases.jsonl")) == tuple(cases)


@given(text=st.text(max_size=100))
def test_a_slug_is_a_name_or_empty_and_keeps_names(text: str) -> None:
    assert slug(text) == "" or is_name(slug(text))
    assert not is_name(text) or slug(text) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("parseDate", "parse-date"),
        ("parse_HTMLPage2", "parse-html-page2"),
        ("../../etc/passwd", "etc-passwd"),
        ("Café crème", "cafe-creme"),
        ("日本", ""),
    ],
)
def test_slugs(text: str, name: str) -> None:
    assert slug(text) == name


@given(data=st.binary(max_size=400))
@settings(deadline=None)
def test_garbage_is_refused_or_read_but_never_crashes(data: bytes) -> None:
    with folder() as dest:
        make(dest.parent, b"---\nname: some-skill\ndescription: d\n" + data)
        try:
            assert read_skill(dest).description
        except SkillFormatError as error:
            assert "\n" not in str(error)
            assert error.line is not None
            assert error.remedy


def test_a_tool_has_signature_cases_and_digest(tmp_path: Path) -> None:
    skill = Skill(
        name="add",
        description="Adds.",
        kind="tool",
        cases=(Case(arguments={"a": 1}, expected=3),),
        requests=("add two numbers",),
    )
    read = write_skill(skill, {"scripts/tool.py": TOOL}, tmp_path / "add")
    assert read.signature is not None
    assert read.signature.text() == "add(a: integer, b: integer = 2)"
    assert read.cases == skill.cases
    assert read.requests == skill.requests
    assert read.path == tmp_path / "add"
    assert len(read.digest) == 64
    assert read_skill(tmp_path / "add" / "SKILL.md") == read


def test_every_built_in_skill_reads_without_a_warning() -> None:
    from skillweave.skills.builtin import builtin_root

    roots = [path for path in builtin_root().iterdir() if (path / "SKILL.md").exists()]
    assert len(roots) >= 64
    for root in roots:
        skill = read_skill(root)
        assert (skill.name, skill.warnings) == (root.name, ())


class TestContentHash:
    def test_it_does_not_count_what_is_not_content(self, tmp_path: Path) -> None:
        dest = make(tmp_path, "---\nname: some-skill\ndescription: d\n---\n")
        before = content_hash(dest)
        (dest / "verdict.json").write_text("{}")
        (dest / "__pycache__").mkdir()
        (dest / "__pycache__" / "tool.pyc").write_bytes(b"x")
        (dest / ".git").mkdir()
        (dest / ".git" / "HEAD").write_text("x")
        assert content_hash(dest) == before

    def test_it_does_not_depend_on_place_or_time(self, tmp_path: Path) -> None:
        dest = make(tmp_path, "---\nname: some-skill\ndescription: d\n---\n")
        (dest / "b").mkdir()
        (dest / "b" / "x").write_text("1")
        copy = tmp_path / "elsewhere"
        shutil.copytree(dest, copy)
        os.utime(copy / "SKILL.md", (0, 0))
        assert content_hash(copy) == content_hash(dest)

    def test_it_is_this_number(self) -> None:
        """The format of the hash is fixed: libraries and servers know skills by it."""
        files: dict[str, Content] = {"SKILL.md": b"text", "a/b.txt": b""}
        assert hash_files(files) == (
            "5b2c38ad3d1ee905a76ed2c2b48752acb778ce2471f297ef591cd8e16809deab"
        )

    @given(
        files=st.dictionaries(names, st.binary(max_size=8), min_size=1, max_size=4),
        other=st.dictionaries(names, st.binary(max_size=8), min_size=1, max_size=4),
    )
    def test_other_content_has_another_hash(
        self, files: dict[str, Content], other: dict[str, Content]
    ) -> None:
        assert (hash_files(files) == hash_files(other)) == (files == other)
        assert hash_files(dict(reversed(files.items()))) == hash_files(files)


class TestLenientReading:
    def test_a_third_party_skill_reads_with_warnings(self, tmp_path: Path) -> None:
        text = (
            "\ufeff---\r\nname: My Skill\r\nversion: 1.10\r\n"
            "description: Use when: a PDF comes in\r\nallowed-tools: [Read, Bash]\r\n"
            "metadata:\r\n  version: 1.10\r\n  tags: [a, b]\r\n---\r\n# Body\r\n"
        )
        skill = read_skill(make(tmp_path, text))
        assert skill.name == "my-skill"
        assert skill.description == "Use when: a PDF comes in"
        assert skill.allowed_tools == "Read Bash"
        assert skill.metadata == {"version": "1.10", "tags": "a, b"}
        assert skill.body == "# Body"
        assert skill.kind == "guide"
        said = "\n".join(skill.warnings)
        for part in (
            "SKILL.md:2: name 'My Skill'",
            "SKILL.md:3: unknown field 'version'",
            "SKILL.md:4: a value holds ': '",
            "SKILL.md:5: allowed-tools is a list",
            "SKILL.md:7: metadata 'version'",
            "SKILL.md:8: a metadata entry",
        ):
            assert part in said

    @pytest.mark.parametrize(
        ("head", "warning"),
        [
            ("name: other\ndescription: d", "not the folder's name 'some-skill'"),
            ("description: d", "no name"),
            ("name: some-skill\ndescription: " + "d" * 1025, "1025 characters; 1024"),
            (
                "name: some-skill\ndescription: d\ncompatibility: " + "c" * 501,
                "501 characters; 500",
            ),
            ("name: some-skill\ndescription: 12", "description is not a string"),
            ("name: some-skill\ndescription: a\ndescription: d", "given twice"),
            ("name: some-skill\ndescription: d\nlicense: {a: b}", "license is not a string"),
            ("name: some-skill\ndescription: d\nlicense:", "license is empty"),
            ("name: some-skill\ndescription: d\nmetadata: text", "metadata is not a map"),
            (
                "name: some-skill\ndescription: d\nmetadata: {skillweave-kind: spell}",
                "unknown skillweave-kind 'spell'",
            ),
        ],
    )
    def test_faults_that_are_warned_of(self, tmp_path: Path, head: str, warning: str) -> None:
        skill = read_skill(make(tmp_path, f"---\n{head}\n---\n"))
        assert len(skill.warnings) == 1
        assert warning in skill.warnings[0]

    def test_bad_cases_of_a_guide_are_only_warned_of(self, tmp_path: Path) -> None:
        dest = make(tmp_path, "---\nname: some-skill\ndescription: d\n---\n")
        (dest / "evals").mkdir()
        (dest / "evals" / "cases.jsonl").write_text('{"prompt": "x"}\n')
        skill = read_skill(dest)
        assert skill.cases == ()
        assert "cases.jsonl:1: unknown key 'prompt'" in skill.warnings[0]

    def test_the_kind_follows_from_the_files(self, tmp_path: Path) -> None:
        dest = make(tmp_path, "---\nname: some-skill\ndescription: d\n---\n")
        assert read_skill(dest).kind == "guide"
        (dest / "scripts").mkdir()
        (dest / "scripts" / "tool.py").write_bytes(TOOL)
        assert read_skill(dest).kind == "tool"


BOMB = "a0: &a0 x\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)
)


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "line", "reason"),
        [
            ("", 1, "no frontmatter"),
            ("# Title\n", 1, "no frontmatter"),
            ("---\nname: x\n", 1, "the frontmatter has no end"),
            ("---\n---\n", 1, "no description"),
            ("---\nname: x\ndescription:\n---\n", 3, "no description"),
            ("---\nname: x\ndescription: '  '\n---\n", 3, "no description"),
            ("---\n- a\n---\n", 2, "not a list of 'field: value' lines"),
            ('---\nname: x\ndescription: "d\n---\n', 3, "not valid YAML"),
            ("---\nname: x\ndescription: d\nmetadata: [\n---\n", 4, "not valid YAML"),
            ("---\nname: x\n\tdescription: d\n---\n", 3, "not valid YAML"),
            ("---\nname: x\ndescription: d\x07\n---\n", 3, "a control character"),
            (f"---\nname: x\ndescription: d\n{BOMB}---\n", 6, "an alias (*) of a list"),
            (f"---\nname: &a x\ndescription: d\nmetadata: [{'*a, ' * 17}]\n---\n", 4, "16 aliases"),
            (f"---\nname: x\nlicense: {'[' * 5000}\n---\n", 3, "nested deeper than 8"),
            (f"---\n{'x' * 70_000}: y\n---\n", 3, "longer than 64 KB"),
            ("---\nname: '--'\ndescription: d\n---\n", 2, "'--' is not a name"),
            (
                "---\nname: x\ndescription: d\nmetadata:\n  skillweave-kind: tool\n---\n",
                4,
                "kind tool and has no scripts/tool.py",
            ),
            (b"---\nname: x\ndescription: \xff\xfe\n---\n", 3, "not UTF-8 text"),
            (b"\x7fELF\0\0\0", 1, "not UTF-8 text"),
            (b"---\nname: x\ndescription: d\n---\n" + b"x" * 10_000_000, 1, "larger than 1 MB"),
        ],
    )
    def test_a_bad_skill_file(
        self, tmp_path: Path, text: str | bytes, line: int, reason: str
    ) -> None:
        with pytest.raises(SkillFormatError) as caught:
            read_skill(make(tmp_path, text))
        error = caught.value
        assert reason in error.reason
        assert error.line == line
        assert str(error).startswith(f"{tmp_path / 'some-skill' / 'SKILL.md'}:{line}: ")
        assert str(error).endswith(f"; {error.remedy}")
        assert "\n" not in str(error)

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("{", "not valid JSON"),
            ("[1]", "a case is not an object"),
            ('{"arguments": {}}', "needs 'expected' or 'raises'"),
            ('{"arguments": {}, "expected": 1, "raises": "E"}', "needs 'expected' or 'raises'"),
            ('{"expected": 1}', "needs 'arguments' or 'input'"),
            ('{"arguments": {}, "expcted": 1}', "unknown key 'expcted'"),
            ('{"arguments": [], "expected": 1}', "'arguments' is not an object"),
            ('{"input": 3, "expected": 1}', "'input' is not a string"),
            ('{"arguments": {}, "raises": 1}', "'raises' is not the name"),
            ('{"arguments": {}, "expected": NaN}', "NaN is not JSON"),
            ("[" * 100_000, "not valid JSON"),
        ],
    )
    def test_a_bad_case_of_a_tool(self, tmp_path: Path, line: str, reason: str) -> None:
        dest = make(tmp_path, "---\nname: some-skill\ndescription: d\n---\n")
        for part, content in (
            ("scripts/tool.py", TOOL),
            ("evals/cases.jsonl", b'{"arguments": {"a": 1}, "expected": 3}\n\n' + line.encode()),
        ):
            (dest / part).parent.mkdir()
            (dest / part).write_bytes(content)
        with pytest.raises(SkillFormatError) as caught:
            read_skill(dest)
        assert reason in caught.value.reason
        assert (caught.value.line, caught.value.file.name) == (3, "cases.jsonl")

    def test_links_out_of_the_folder(self, tmp_path: Path) -> None:
        dest = make(tmp_path, "---\nname: some-skill\ndescription: d\n---\n")
        (dest / "passwd").symlink_to("/etc/passwd")
        with pytest.raises(SkillFormatError, match="link out of the skill's folder"):
            read_skill(dest)
        (dest / "passwd").unlink()
        (dest / "loop").symlink_to(dest)
        with pytest.raises(SkillFormatError, match="is not a regular file"):
            content_hash(dest)
        (dest / "loop").unlink()
        (dest / "copy.md").symlink_to("SKILL.md")
        assert read_skill(dest).name == "some-skill"

    def test_devices_and_pipes_are_not_opened(self, tmp_path: Path) -> None:
        dest = make(tmp_path, "---\nname: some-skill\ndescription: d\n---\n")
        os.mkfifo(dest / "pipe")
        with pytest.raises(SkillFormatError, match="not a regular file"):
            read_skill(dest)

    def test_no_folder_and_no_skill_file(self, tmp_path: Path) -> None:
        with pytest.raises(SkillFormatError, match="no such folder"):
            read_skill(tmp_path / "nothing")
        with pytest.raises(SkillFormatError, match=r"no SKILL\.md"):
            read_skill(tmp_path)


class TestStrictWriting:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", "Some Skill"),
            ("name", "a--b"),
            ("name", "a" * 65),
            ("description", " "),
            ("description", "d" * 1025),
            ("description", "half \ud800"),
            ("compatibility", ""),
            ("compatibility", "c" * 501),
            ("license", ""),
            ("requires", ("two words",)),
            ("requests", ("two\nlines",)),
            ("body", "zero \0 byte"),
            ("body", "b" * 1_000_000),
            ("metadata", {"a": "\ud800"}),
        ],
    )
    def test_what_does_not_fit_the_specification_is_refused(
        self, tmp_path: Path, field: str, value: object
    ) -> None:
        good = Skill(name="some-skill", description="d", kind="guide")
        skill = good.model_copy(update={field: value})
        with pytest.raises(SkillFormatError):
            write_skill(skill, {}, tmp_path / skill.name)
        assert list(tmp_path.iterdir()) == []

    def test_the_folder_is_named_like_the_skill(self, tmp_path: Path) -> None:
        with pytest.raises(SkillFormatError, match="the folder's name is not 'some-skill'"):
            write_skill(
                Skill(name="some-skill", description="d", kind="guide"), {}, tmp_path / "other"
            )

    @pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a\\b", "C:x", "", "a//b", "a\0b"])
    def test_paths_out_of_the_folder_are_refused(self, tmp_path: Path, name: str) -> None:
        assert unsafe_path(name)
        skill = Skill(name="some-skill", description="d", kind="guide")
        with pytest.raises(SkillFormatError):
            write_skill(skill, {name: b"x"}, tmp_path / "some-skill")
        assert list(tmp_path.iterdir()) == []

    def test_names_that_differ_only_by_case_are_refused(self, tmp_path: Path) -> None:
        skill = Skill(name="some-skill", description="d", kind="guide")
        files: dict[str, Content] = {"References/a.txt": b"1", "references/b.txt": b"2"}
        with pytest.raises(SkillFormatError, match="References and references differ only by case"):
            write_skill(skill, files, tmp_path / "some-skill")

    def test_a_third_party_file_is_kept_byte_for_byte(self, tmp_path: Path) -> None:
        text = b"---\r\nname: some-skill\r\nauthor: me\r\ndescription: d\r\n---\r\nBody\r\n"
        read = read_skill(make(tmp_path, text))
        dest = tmp_path / "new" / "some-skill"
        write_skill(read, {"SKILL.md": text}, dest)
        assert (dest / "SKILL.md").read_bytes() == text
        changed = read.model_copy(update={"description": "changed"})
        assert write_skill(changed, {"SKILL.md": text}, dest).description == "changed"

    def test_a_tool_that_cannot_be_read_back_is_not_written(self, tmp_path: Path) -> None:
        skill = Skill(name="add", description="d", kind="tool")
        with pytest.raises(SkillFormatError, match=r"tool\.py:1: not valid Python"):
            write_skill(skill, {"scripts/tool.py": b"def add(:"}, tmp_path / "add")
        assert list(tmp_path.iterdir()) == []

    def test_a_failing_write_leaves_the_old_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dest = tmp_path / "some-skill"
        old = write_skill(Skill(name="some-skill", description="old", kind="guide"), {}, dest)

        def fail(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            write_skill(old.model_copy(update={"description": "new"}), {}, dest)
        assert [path.name for path in tmp_path.iterdir()] == ["some-skill"]
        assert read_skill(dest) == old

    @pytest.mark.parametrize("swaps", [True, False])
    def test_replacing_a_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swaps: bool
    ) -> None:
        if not swaps:
            monkeypatch.setattr("skillweave.skills.atomic._exchange", lambda one, other: False)
        for name in ("fresh", "dest"):
            (tmp_path / name).mkdir()
            (tmp_path / name / name).touch()
        replace_folder(tmp_path / "fresh", tmp_path / "dest")
        assert (tmp_path / "dest" / "fresh").exists()
        assert (tmp_path / "fresh" / "dest").exists()
        assert len(list(tmp_path.iterdir())) == 2

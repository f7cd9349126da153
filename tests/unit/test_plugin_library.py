"""Names and mix expressions become exact versions, or an error in one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from skillweave.agent.serving.plugin import LIBRARY_VARIABLE
from skillweave.agent.serving.plugin.library import AdapterLibrary, served_library
from skillweave.skills.builtin import builtin_root
from skillweave.skills.errors import (
    AdapterError,
    MixError,
    SettingsError,
    SkillNotFoundError,
    UserError,
)
from skillweave.skills.factors import Factors, write_adapter
from skillweave.skills.folder import content_hash

BASE = "ab" * 32


def add(root: Path, name: str, *, seed: int = 0, rank: int = 2, base: str = "") -> Path:
    """Put an adapter skill into the folder of a library."""
    generator = torch.Generator().manual_seed(seed)
    a, b = torch.randn(rank, 4, generator=generator), torch.randn(3, rank, generator=generator)
    folder = root / "skills" / name
    write_adapter({"model.layers.0.mlp.up_proj": Factors(a, b)}, folder / "adapter", base=base)
    text = f"---\nname: {name}\ndescription: random\n---\n"
    (folder / "SKILL.md").write_text(text, encoding="utf-8")
    return folder


def keep(root: Path, folder: Path) -> str:
    """Move a skill to the versions kept, as an update does; returns its digest."""
    digest = content_hash(folder)
    kept = root / ".skillweave" / "versions" / digest / folder.name
    kept.parent.mkdir(parents=True)
    shutil.move(folder, kept)
    return digest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    add(tmp_path, "law", seed=1)
    add(tmp_path, "code", seed=2, base=BASE)
    return tmp_path


@pytest.fixture
def library(root: Path) -> AdapterLibrary:
    return AdapterLibrary(root, builtin=False)


class TestNames:
    def test_a_name_means_the_current_version(self, library: AdapterLibrary, root: Path) -> None:
        digest = content_hash(root / "skills" / "law")
        assert str(library.resolve("law")) == f"law@{digest[:12]}"

    def test_mixes_that_mean_the_same_have_one_name(self, library: AdapterLibrary) -> None:
        first = library.resolve("law:0.5+code:-1")
        assert first == library.resolve(" code : -1.0 + law:.5")
        assert first == library.resolve(str(first))
        assert all(len(term.version or "") == 12 for term in first.terms)

    def test_a_new_version_is_used_at_once_and_the_old_one_kept(
        self, library: AdapterLibrary, root: Path
    ) -> None:
        old = str(library.resolve("law"))
        digest = keep(root, root / "skills" / "law")
        with pytest.raises(SkillNotFoundError, match="no skill 'law' in the library"):
            library.resolve("law")
        add(root, "law", seed=9)
        new = str(library.resolve("law"))
        assert new != old
        assert str(library.resolve(old)) == old == f"law@{digest[:12]}"
        (skill,) = library.skills(library.resolve(old))
        assert skill.path == root / ".skillweave" / "versions" / digest / "law"

    def test_an_old_version_is_found_while_the_current_one_is_damaged(
        self, library: AdapterLibrary, root: Path
    ) -> None:
        old = str(library.resolve("law"))
        keep(root, root / "skills" / "law")
        (add(root, "law", seed=9) / "adapter" / "adapter_config.json").write_text("{")
        assert str(library.resolve(old)) == old
        with pytest.raises(AdapterError, match="not valid JSON"):
            library.resolve("law")

    def test_unchanged_folders_are_read_once(
        self, library: AdapterLibrary, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        library.resolve("law")
        monkeypatch.setattr("skillweave.agent.serving.plugin.library.read_skill", pytest.fail)
        library.resolve("law")


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "kind", "message"),
        [
            ("medicine", SkillNotFoundError, "no skill 'medicine' in the library"),
            ("law@0123", SkillNotFoundError, "no skill 'law@0123'"),
            ("law+medicine", SkillNotFoundError, "no skill 'medicine'"),
            ("../law", MixError, "column 1: not a skill's name"),
            ("/etc/passwd", MixError, "column 1: not a skill's name"),
            ("law/../code", MixError, "column 1: not a skill's name"),
            ("law@../code", MixError, "column 5: not a version"),
            ("law@*", MixError, "column 5: not a version"),
            ("law:nan", MixError, "column 5: the weight is not a number"),
            ("law:1e9", MixError, "column 5: the weight is too large"),
            ("law+law", MixError, "column 5: the same adapter once more"),
            ("arrow(arrow(law,code),law)", MixError, "column 7: a mix inside a mix"),
            ("mean(law,code)", MixError, "column 1: no gate of that name; the gates are: arrow"),
            ("arrow(law,code;top=0)", MixError, "out of range; give a whole number from 1"),
            ("+".join(f"s{i}" for i in range(1000)), MixError, "more than 32 adapters"),
            ("law" * 100_000, MixError, "characters; mix at most"),
        ],
    )
    def test_what_cannot_be_served(
        self, library: AdapterLibrary, text: str, kind: type[UserError], message: str
    ) -> None:
        with pytest.raises(kind) as error:
            library.resolve(text)
        assert message in str(error.value)
        assert "\n" not in str(error.value)
        assert len(str(error.value)) < 400

    def test_one_adapter_under_two_names_of_its_version(self, library: AdapterLibrary) -> None:
        version = str(library.resolve("law"))
        with pytest.raises(MixError, match="the same adapter once more"):
            library.resolve(f"law+{version}")

    def test_another_kind_of_skill(self, library: AdapterLibrary, root: Path) -> None:
        folder = root / "skills" / "advice"
        folder.mkdir()
        (folder / "SKILL.md").write_text("---\nname: advice\ndescription: x\n---\nDo well.\n")
        with pytest.raises(AdapterError, match="advice is a skill of the kind guide, not an"):
            library.resolve("advice")

    def test_another_base_model(self, library: AdapterLibrary) -> None:
        assert library.resolve("code", BASE)
        assert library.resolve("law", "cd" * 32)
        with pytest.raises(AdapterError, match=r"for the base model abab.*, but .* serves cdcd"):
            library.resolve("law+code", "cd" * 32)

    def test_damaged_weights(self, library: AdapterLibrary, root: Path) -> None:
        weights = root / "skills" / "law" / "adapter" / "adapter_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-5])
        with pytest.raises(AdapterError, match="not a whole safetensors file"):
            library.resolve("law")

    def test_weights_that_are_not_numbers(self, library: AdapterLibrary, root: Path) -> None:
        a = torch.tensor([[1.0, float("nan")]])
        adapter = {"up_proj": Factors(a, torch.ones(2, 1))}
        write_adapter(adapter, root / "skills" / "law" / "adapter")
        with pytest.raises(AdapterError, match="NaN"):
            library.resolve("law")

    def test_a_folder_under_the_name_of_another_skill(self, root: Path) -> None:
        shutil.copytree(root / "skills" / "law", root / "skills" / "medicine")
        with pytest.raises(SkillNotFoundError):
            AdapterLibrary(root).resolve("medicine")

    def test_a_library_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(SkillNotFoundError, match="no skill 'law'"):
            AdapterLibrary(tmp_path / "none").resolve("law")


class TestServed:
    def test_one_view_for_all_of_a_process(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(LIBRARY_VARIABLE, str(root))
        assert served_library() is served_library()
        assert served_library().root == root

    def test_without_the_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(LIBRARY_VARIABLE, raising=False)
        with pytest.raises(SettingsError, match=LIBRARY_VARIABLE):
            served_library()


def test_ranks_stand_in_the_config(root: Path) -> None:
    config = json.loads((root / "skills/law/adapter/adapter_config.json").read_text())
    assert config["r"] == 2


class TestList:
    def test_adapters_that_fit_the_base_model(self, library: AdapterLibrary, root: Path) -> None:
        assert [skill.name for skill in library.adapters()] == ["code", "law"]
        assert [skill.name for skill in library.adapters(BASE)] == ["code", "law"]
        assert [skill.name for skill in library.adapters("cd" * 32)] == ["law"]

    def test_those_that_come_along_are_listed_behind_the_library_s_own(self, root: Path) -> None:
        along = {folder.parent.name for folder in builtin_root().glob("*/adapter")}
        name = min(along)
        add(root, name, seed=5)
        found = {skill.name: skill for skill in AdapterLibrary(root).adapters()}
        assert found.keys() == along | {"code", "law"}
        assert found[name].path == root / "skills" / name
        assert all(found[other].path == builtin_root() / other for other in along - {name})

    def test_it_follows_the_folder(self, library: AdapterLibrary, root: Path) -> None:
        library.adapters()
        folder = add(root, "math", seed=3)
        (root / "skills" / "Not A Name" / "adapter").mkdir(parents=True)
        (root / "skills" / "empty" / "adapter").mkdir(parents=True)
        assert [skill.name for skill in library.adapters()] == ["code", "law", "math"]
        digest = library.adapters()[-1].digest
        add(root, "math", seed=4)
        assert library.adapters()[-1].digest != digest
        shutil.rmtree(folder)
        assert [skill.name for skill in library.adapters()] == ["code", "law"]

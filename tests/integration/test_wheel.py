"""What `pip install` brings: every package, the built-in skills, the templates, the weights."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("agent", "evals", "skills", "store")


def files_in_tree() -> set[str]:
    """Paths in the wheel of every file of the four parts; committed figures stay at home."""
    files = (
        file.relative_to(ROOT)
        for part in PARTS
        for file in (ROOT / part).rglob("*")
        if file.is_file()
    )
    return {
        f"skillweave/{file.as_posix()}"
        for file in files
        if "__pycache__" not in file.parts and file.parts[:2] != ("evals", "figures")
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that no build product lands in the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    ignore = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info", "build", "runs")
    for part in PARTS:
        shutil.copytree(ROOT / part, source / part, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    done = subprocess.run(
        [*build, "-o", str(folder), str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next(folder.glob("skillweave-*.whl"))


def test_wheel_is_complete(wheel: Path) -> None:
    assert files_in_tree() - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_wheel_holds_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    strangers = [n for n in names if not n.startswith(("skillweave/", "skillweave-"))]
    assert strangers + [n for n in names if "__pycache__" in n or n.endswith(".pyc")] == []


def test_wheel_carries_the_skills_and_the_model(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    skills = [n for n in names if n.startswith("skillweave/skills/builtin/")]
    assert sum(n.endswith("/scripts/tool.py") for n in skills) >= 60
    assert any(n.startswith("skillweave/agent/profiles/templates/") for n in names)
    assert "skillweave/agent/nano/weights/model.safetensors" in names

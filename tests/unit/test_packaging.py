"""What the package declares: its parts, its commands and plugins."""

from __future__ import annotations

import tomllib
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("agent", "evals", "skills", "store")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def in_tree() -> set[str]:
    """Import names of all folders with modules; the folders of skills are data."""
    files = (file for part in PARTS for file in (ROOT / part).rglob("*.py"))
    folders = {file.parent.relative_to(ROOT) for file in files}
    return {
        ".".join(("skillweave", *folder.parts))
        for folder in folders
        if folder.parts[:2] != ("skills", "builtin") or len(folder.parts) == 2
    }


def test_package_list_equals_the_tree() -> None:
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == in_tree()


def test_skillweave_is_a_namespace_package() -> None:
    spec = find_spec("skillweave")
    assert spec is not None
    assert spec.origin is None


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("console_scripts", "skillweave"),
        ("skillweave.commands", "eval"),
        ("vllm.general_plugins", "skillweave"),
    ],
)
def test_entry_points_resolve(group: str, name: str) -> None:
    (point,) = entry_points(group=group, name=name)
    assert callable(point.load())

"""The public names: every part says which they are, and they exist (ruff's RUF022 keeps them sorted)."""

from __future__ import annotations

import inspect
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"][
    "packages"
]
PARTS = ("skillweave.agent", "skillweave.evals", "skillweave.skills", "skillweave.store")


@pytest.mark.parametrize("package", PARTS)
def test_every_part_has_a_public_surface(package: str) -> None:
    module = import_module(package)
    assert module.__all__
    assert module.__doc__


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_exist_once(package: str) -> None:
    module = import_module(package)
    names = list(getattr(module, "__all__", []))
    assert len(names) == len(set(names))
    assert [name for name in names if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", PARTS)
def test_public_names_are_documented(package: str) -> None:
    module = import_module(package)
    values = {name: getattr(module, name) for name in module.__all__}
    documentable = {n: v for n, v in values.items() if inspect.isclass(v) or inspect.isfunction(v)}
    assert [name for name, value in documentable.items() if not value.__doc__] == []

"""The import order: skills <- store <- agent <- evals, also inside functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ("skills", "store", "agent", "evals")


def imported(tree: ast.Module) -> Iterator[str]:
    """Full names of all modules a file imports, wherever the statement stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def upward(tree: ast.Module, layer: str) -> list[str]:
    """Imports of a higher layer, relative ones, and ones without the prefix ``skillweave``."""
    higher = LAYERS[LAYERS.index(layer) + 1 :]
    forbidden = (*(f"skillweave.{name}" for name in higher), *LAYERS)
    return [
        name
        for name in imported(tree)
        if name.startswith(".") or any(f"{name}.".startswith(f"{f}.") for f in forbidden)
    ]


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_downwards(layer: str) -> None:
    files = [f for f in (ROOT / layer).rglob("*.py") if "scripts" not in f.parts]
    assert files
    found = {str(f.relative_to(ROOT)): upward(ast.parse(f.read_text()), layer) for f in files}
    assert {file: names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("layer", "source"),
    [
        ("skills", "from skillweave.store.library import Library"),
        ("store", "def f():\n    import skillweave.agent.plan"),
        ("agent", "from skillweave import evals"),
        ("agent", "from . import plan"),
        ("evals", "import store"),
    ],
)
def test_a_wrong_import_is_found(layer: str, source: str) -> None:
    assert upward(ast.parse(source), layer)

"""The examples in docstrings run; those that need the model server run in tests/integration."""

from __future__ import annotations

import ast
import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDS_A_MODEL = {"skillweave.agent.api"}


def has_example(file: Path) -> bool:
    """Whether a docstring of the file holds an example."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    docstrings = (ast.get_docstring(node) for node in nodes if isinstance(node, documented))
    parse = doctest.DocTestParser().get_examples
    return any(parse(docstring) for docstring in docstrings if docstring)


def modules_with_examples() -> list[str]:
    """Import names of the modules whose docstrings hold an example; skills are content, not modules."""
    names = set()
    for part in ("agent", "evals", "skills", "store"):
        for file in (ROOT / part).rglob("*.py"):
            relative = file.relative_to(ROOT)
            if relative.parts[:2] != ("skills", "builtin") and has_example(file):
                names.add(".".join(("skillweave", *relative.with_suffix("").parts)))
    return sorted({name.removesuffix(".__init__") for name in names} - NEEDS_A_MODEL)


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples(name: str) -> None:
    failed, attempted = doctest.testmod(
        import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    )
    assert attempted
    assert not failed

"""The README's figures are those of the committed files, to the letter."""

from __future__ import annotations

from pathlib import Path

from skillweave.evals.headline import in_readme, render

ROOT = Path(__file__).parents[2]


def test_the_table_is_not_stale() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    now = in_readme(readme, render(ROOT / "evals" / "figures"))
    assert now == readme, "run `skillweave eval headline`"

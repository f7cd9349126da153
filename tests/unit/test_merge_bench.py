"""The benchmark of merges, on modules so small that it takes no time."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.evals import cli
from skillweave.evals.merge_bench import MergeFigures, parse_plan
from skillweave.skills import SettingsError


def test_merges_writes_a_figure_file(tmp_path: Path) -> None:
    out = tmp_path / "merges.json"
    sizes = ["--size", "32:2", "--size", "48"]
    said = CliRunner().invoke(cli.app, ["merges", *sizes, "--rank", "4", "--out", str(out)])
    assert said.exit_code == 0, said.output
    figures = MergeFigures.model_validate_json(out.read_text())
    assert "--size 32:2 --size 48:1 --rank 4 --seed 0 --threads 1" in figures.command
    assert [(row.size, len(row.peft), row.rank) for row in figures.rows] == [(32, 2, 4), (48, 1, 4)]
    assert all(row.difference < 1e-4 for row in figures.rows)
    assert "peft" in figures.machine.versions
    assert "48: " in said.stderr


@pytest.mark.parametrize("text", ["", "x", "0", "1024:0", "-1", "8:x", "1.5"])
def test_a_size_is_a_number(text: str) -> None:
    assert parse_plan(["64", "1024:3"]) == [(64, 1), (1024, 3)]
    with pytest.raises(SettingsError, match="write it like 1024 or 1024:3"):
        parse_plan([text])

"""The benchmark of merges, on modules so small that it takes no time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from skillweave.evals import cli
from skillweave.evals.machine import this_machine
from skillweave.evals.merge_bench import MergeFigures, MergeRow, Timing, parse_plan, timed
from skillweave.evals.merge_model import ModelFigures, extrapolated, run_model_merges
from skillweave.evals.merge_shapes import SHAPES, draw
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


def test_whole_adapters_are_merged_at_the_shapes_of_a_model(tmp_path: Path) -> None:
    out = tmp_path / "model.json"
    said = CliRunner().invoke(cli.app, ["merges", "--shapes", "tiny", "--out", str(out)])
    assert said.exit_code == 0, said.output
    figures = ModelFigures.model_validate_json(out.read_text())
    assert "merges --shapes tiny --seed 0 --threads 1 --device cpu" in figures.command
    assert [(row.adapters, row.rank) for row in figures.rows] == [
        (2, 16),
        (4, 16),
        (2, 64),
        (4, 64),
    ]
    for row in figures.rows:
        assert row.error < 1e-4
        assert row.concatenation.bytes == row.bytes == 2 * row.composition.bytes
        assert row.compression.times[0].peak_bytes is None
    assert {(row.size, row.inputs) for row in figures.peft} == {
        (64, None),
        (32, 64),
        (160, 64),
        (64, 160),
    }
    assert all(row.difference < 1e-4 for row in figures.peft)
    assert "a whole adapter by PEFT, extrapolated" in said.stderr


def test_a_run_that_is_cut_short_has_said_what_it_found() -> None:
    seen: list[ModelFigures] = []
    found = run_model_merges(
        "tiny", device="cpu", seed=0, threads=1, machine=this_machine(), on_figures=seen.append
    )
    steps = [(1, 0), (2, 0), (3, 0), (4, 0), (4, 1), (4, 2), (4, 3), (4, 4)]
    assert [(len(figures.rows), len(figures.peft)) for figures in seen] == steps
    assert [figures.peft_extrapolated is None for figures in seen] == [True] * 7 + [False]
    assert seen[-1] == found


def test_peft_is_extrapolated_when_every_shape_was_measured() -> None:
    model = SHAPES["llama-8b"]
    shapes = ((4096, None), (1024, 4096), (14336, 4096), (4096, 14336))
    rows = [
        MergeRow(
            size=size,
            inputs=inputs,
            adapters=4,
            rank=16,
            peft=(Timing(seconds=seconds, cpu_seconds=0.0),),
            factors=(),
            ratio=1.0,
            cpu_ratio=1.0,
            difference=0.0,
        )
        for (size, inputs), seconds in zip(shapes, (1.0, 0.1, 10.0, 20.0), strict=True)
    ]
    assert extrapolated(model, rows[:3]) is None
    assert extrapolated(model, rows) == pytest.approx(32 * (2 * 1.0 + 2 * 0.1 + 2 * 10.0 + 20.0))


def test_the_shapes_are_those_of_llama() -> None:
    """An adapter of rank 16 for all linear layers of Llama 3 8B has 41,943,040 parameters."""
    model = SHAPES["llama-8b"]
    assert model.layers * sum(16 * sum(shape) for shape in model.layer.values()) == 41_943_040
    drawn = draw(SHAPES["tiny"], rank=3, seed=1, device="cpu")
    assert len(drawn) == 14
    assert drawn["model.layers.1.mlp.down_proj"].shape == (64, 160)
    assert torch.equal(
        drawn["model.layers.0.mlp.up_proj"].a,
        draw(SHAPES["tiny"], rank=3, seed=1, device="cpu")["model.layers.0.mlp.up_proj"].a,
    )


def test_a_gpu_is_waited_for_and_its_memory_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[str] = []
    monkeypatch.setattr("torch.cuda.synchronize", lambda: did.append("waited"))
    monkeypatch.setattr("torch.cuda.reset_peak_memory_stats", lambda: did.append("reset"))
    monkeypatch.setattr("torch.cuda.memory_allocated", lambda: 100)
    monkeypatch.setattr("torch.cuda.max_memory_allocated", lambda: 130)
    assert timed(lambda: did.append("ran"), "cuda").peak_bytes == 30
    assert did == ["waited", "reset", "ran", "waited"]


def test_what_cannot_be_merged_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    run = CliRunner().invoke
    said = run(cli.app, ["merges", "--shapes", "tiny", "--device", "cuda"])
    assert isinstance(said.exception, SettingsError)
    assert "no CUDA device" in str(said.exception)
    assert run(cli.app, ["merges", "--device", "cuda"]).exit_code == 2
    assert run(cli.app, ["merges", "--shapes", "tiny", "--size", "8"]).exit_code == 2

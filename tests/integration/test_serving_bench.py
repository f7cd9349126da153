"""All systems of the serving benchmark answer a small load, and a server answers a new mix."""

from __future__ import annotations

from pathlib import Path

from skillweave.evals.first_token import measure_first_tokens
from skillweave.evals.serving_bench import LANES, measure_row, workers
from skillweave.evals.serving_load import Shape, even, write_library, write_model

SMALL = Shape(layers=1, hidden=64, inner=128, heads=2, words=3072)


def test_every_system_answers_and_is_measured(tmp_path: Path) -> None:
    write_model(tmp_path / "model", SMALL, seed=0)
    write_library(tmp_path, SMALL, 3, seed=0)
    load = even("small", 3, requests=6, prompt=5, tokens=4, seed=0)
    with workers(tmp_path / "model", tmp_path, threads=1) as running:
        row = measure_row("small", load, running, rounds=1)
    assert {lane: [run.tokens for run in runs] for lane, runs in row.runs.items()} == {
        lane: [24] for lane in LANES
    }
    assert all(peak > 100 for peak in row.peak_mb.values())
    assert all(run.adapter_seconds > 0 for run in row.runs["plugin"])
    assert not any(
        run.adapter_seconds for lane in ("stock", "peft", "base") for run in row.runs[lane]
    )
    assert (row.requests, row.adapters, row.answer_tokens) == (6, 3, 4)


def test_first_tokens_of_new_mixes() -> None:
    found = measure_first_tokens(seed=0, rounds=2, threads=1)
    assert found.pairs == 2
    assert 0 < found.loaded.least <= found.new_mix.most
    assert found.unread_mix_cpu is not None
    assert found.unread_mix_cpu.most > 0

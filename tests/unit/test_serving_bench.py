"""The parts of the serving benchmark that need no server."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skillweave.evals import cli, serving_bench
from skillweave.evals.first_token import FirstTokens, spread
from skillweave.evals.machine import this_machine
from skillweave.evals.serving_bench import ServingFigures, loads_for, measure_row
from skillweave.evals.serving_costs import costs, ratio
from skillweave.evals.serving_load import RANK, SHAPES, Load, even, skewed, write_library
from skillweave.evals.serving_system import Run
from skillweave.skills.errors import SettingsError
from skillweave.skills.factors import read_factors

FIGURES = Path(serving_bench.__file__).parent / "figures"


def run(seconds: float, cpu: float = 1.0, adapters: float = 0.0) -> Run:
    return Run(seconds=seconds, cpu_seconds=cpu, tokens=100, peak_mb=10, adapter_seconds=adapters)


class Fake:
    """A system that says when it was asked for what."""

    def __init__(self, name: str, seconds: float, asked: list[tuple[str, bool]]) -> None:
        self._name, self._seconds, self._asked = name, seconds, asked

    def run(self, load: Load) -> Run:
        self._asked.append((self._name, any(load.adapters)))
        return run(self._seconds)


def row(asked: list[tuple[str, bool]], rounds: int = 2) -> serving_bench.ServingRow:
    seconds = {"plugin": 1.0, "stock": 2.5, "peft": 1.8, "base": 0.8, "idle": 0.9}
    running = {lane: Fake(lane, seconds[lane], asked) for lane in serving_bench.LANES}
    load = even("x", 2, requests=4, prompt=3, tokens=25, seed=0)
    return measure_row("4m", load, running, rounds)  # type: ignore[arg-type]


def test_loads_are_what_they_say() -> None:
    loads = {load.name: load for load in loads_for("12m", seed=3, requests=64)}
    assert loads == {load.name: load for load in loads_for("12m", seed=3, requests=64)}
    counts = {name: len(set(load.adapters)) for name, load in loads.items()}
    assert (counts["decode-heavy"], counts["one adapter"], counts["skewed over 2"]) == (8, 1, 2)
    assert 32 < counts["skewed over 128"] <= 128
    assert len(loads["decode-heavy"].prompts) == 64
    assert set(loads["decode-heavy"].base.adapters) == {""}
    assert "skewed over 8" not in {load.name for load in loads_for("4m", seed=0, requests=64)}


def test_skewed_means_that_few_adapters_have_most_requests() -> None:
    load = skewed("x", 32, requests=2000, prompt=1, tokens=1, seed=0)
    counts = [count for _, count in Counter(load.adapters).most_common()]
    assert sum(counts[:8]) > 0.6 * 2000
    assert len(counts) == 32


def test_a_library_is_of_the_size_of_its_model(tmp_path: Path) -> None:
    shape = SHAPES["4m"]
    write_library(tmp_path, shape, 2, seed=0)
    factors = read_factors(tmp_path / "skills" / "skill-1")
    assert len(factors) == 7 * shape.layers
    assert {f.rank for f in factors.values()} == {RANK}


def test_a_ratio_compares_neighbours() -> None:
    found = ratio([run(1, 1), run(2, 1), run(4, 1)], [run(2, 3), run(4, 3), run(16, 3)])
    assert (found.median, found.least, found.most, found.cpu) == (2, 2, 4, 3)


def test_costs_add_up_to_the_time_of_the_plugin() -> None:
    found = costs([run(1, 2.0, 0.62)] * 3, [run(1, 1.4, 0.02)] * 3, [run(1, 1.2)] * 3)
    assert (found.base, found.carrying, found.arithmetic, found.rest) == (0.6, 0.1, 0.3, 0)


def test_systems_take_turns_in_alternating_order() -> None:
    asked: list[tuple[str, bool]] = []
    found = row(asked)
    names = [name for name, _ in asked]
    assert names[5:10] == list(serving_bench.LANES)
    assert names[:5] == names[10:] == names[5:10][::-1]
    assert {name for name, adapters in asked if not adapters} == {"base", "idle"}
    assert (found.times_stock.median, found.times_peft.median) == (2.5, 1.8)
    assert (found.share_of_base.median, found.idle_share_of_base.median) == (0.8, 0.889)
    assert found.tokens_per_second["stock"] == 40
    assert {lane: len(runs) for lane, runs in found.runs.items()}["peft"] == 2


def test_serving_writes_a_figure_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    span = spread([0.01, 0.03, 0.02])
    assert (span.median, span.least, span.most) == (20, 10, 30)
    first_tokens = FirstTokens(
        model="12m",
        prompt_tokens=64,
        pairs=1,
        loaded=span,
        new_mix=span,
        new_mix_later=span,
        unread_mix=span,
        unread_mix_later=span,
        new_mix_cpu=span,
        unread_mix_cpu=span,
    )
    figures = ServingFigures(
        command="c",
        made="m",
        seed=0,
        threads=1,
        rounds=2,
        machine=this_machine(),
        load_after=0.5,
        rows=(row([]),),
        first_tokens=first_tokens,
    )
    monkeypatch.setattr(serving_bench, "run_serving", lambda models, **options: figures)
    out = tmp_path / "serving.json"
    said = CliRunner().invoke(cli.app, ["serving", "--size", "4m", "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert ServingFigures.model_validate_json(out.read_text()) == figures
    assert "first token of a new mix: 20.0 ms after" in said.stderr


def test_a_size_has_a_name() -> None:
    with pytest.raises(SettingsError, match="--size 7m: no such model; there are 4m, 12m, 90m"):
        serving_bench.run_serving(["7m"], requests=1, rounds=1, seed=0, threads=1)


def test_the_committed_figures_reach_the_goals() -> None:
    """64 requests for 8 adapters, and the first token of a mix that nobody asked for before."""
    text = (FIGURES / "serving.json").read_text(encoding="utf-8")
    found = ServingFigures.model_validate_json(text)
    rows = {row.load: row for row in found.rows if row.model == serving_bench.MAIN_MODEL}
    assert rows.keys() >= {load.name for load in loads_for(serving_bench.MAIN_MODEL, 0, 64)}
    for load in ("decode-heavy", "prefill-heavy"):
        row = rows[load]
        assert (row.requests, row.adapters) == (64, 8)
        for times, goal in (
            (row.times_stock, 2.0),
            (row.times_peft, 1.5),
            (row.share_of_base, 0.65),
        ):
            assert min(times.median, times.cpu) >= goal
    assert found.first_tokens.new_mix_later.median < 50
    assert found.first_tokens.unread_mix_later.median < 50

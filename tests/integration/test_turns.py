"""A fair share on real vLLM: two popular adapters hold both slots, a third one is wanted once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from skillweave.agent.serving.plugin import LIBRARY_VARIABLE
from skillweave.skills.factors import Factors, write_adapter

ENGINE = Path(__file__).with_name("turns_engine.py")
BATCH = 8
"""Of the engine; as many requests may pass by one that waits for a slot."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("library")
    for name in ("one", "two", "three"):
        factors = Factors(torch.ones(2, 64), torch.ones(64, 2))
        adapter = {"model.layers.0.self_attn.q_proj": factors}
        write_adapter(adapter, root / "skills" / name / "adapter")
    return root


def answered(model: Path, library: Path, served: str) -> list[str]:
    """The adapters in the order in which their requests were answered."""
    done = subprocess.run(
        [sys.executable, str(ENGINE), str(model), str(library)],
        env={**os.environ, LIBRARY_VARIABLE: served, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    order: list[str] = json.loads(done.stdout)
    return order


def test_stock_vllm_lets_it_wait_until_the_stream_ends(tiny_model: Path, library: Path) -> None:
    order = answered(tiny_model, library, served="")
    assert len(order) == 61
    assert order[-1] == "three"


def test_the_plugin_gives_it_its_turn(tiny_model: Path, library: Path) -> None:
    order = answered(tiny_model, library, served=str(library))
    assert sorted(order) == ["one"] * 30 + ["three"] + ["two"] * 30
    assert order.index("three") <= 4 + 2 * BATCH

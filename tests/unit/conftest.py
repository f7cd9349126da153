"""A model small enough to train within a test, a sandbox, and few built-in skills."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillweave.skills.builtin import builtin_root
from skillweave.skills.sandbox import Sandbox

MEMORY = Path("/dev/shm")
ROOM = 2 << 30

# Libraries wait for the disk at each change; these tests do not ask what a power failure leaves.
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Where the tools of a module's tests run."""
    with Sandbox.open() as opened:
        yield opened


@pytest.fixture
def few_builtin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three built-in skills instead of all: a new library takes some ten seconds to index them."""
    few = tmp_path / "builtin"
    for name in ("uppercase", "number-to-words", "money-rounding"):
        shutil.copytree(builtin_root() / name, few / name)
    monkeypatch.setattr("skillweave.store.reading.builtin_root", lambda: few)


@pytest.fixture(scope="session")
def tiny_nano(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights that says nothing sensible, with nano's tokenizer and profile."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from skillweave.agent.serving.weights import NANO

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = PreTrainedTokenizerFast.from_pretrained(NANO)
    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_range=0.2,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        skillweave_profile="nano",
    )
    LlamaForCausalLM(shape).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder

"""The embedding model: the graph beside it, its batches, and damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skillweave.skills.errors import LibraryDamagedError
from skillweave.store.embed import model_folder
from skillweave.store.graph import draw
from skillweave.store.minilm import GRAPH, MANY, Encoder, MiniLM, load_tensors

FOLDER = model_folder()


def test_the_graph_that_comes_along_is_the_one_that_is_drawn() -> None:
    assert GRAPH.read_bytes() == draw().SerializeToString()


def test_a_vector_depends_neither_on_its_neighbours_nor_on_the_batch() -> None:
    model = MiniLM(FOLDER)
    texts = [
        "sort",
        "count the vowels of a word",
        "",
        *(f"text {n} {'long ' * (n % 7)}" for n in range(MANY)),
    ]
    together = model.encode(texts)
    alone = np.vstack([model.encode([text]) for text in texts[:20]])
    assert np.allclose(together[:20], alone, atol=1e-5)
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)


def test_texts_beyond_the_longest_are_cut() -> None:
    model = MiniLM(FOLDER)
    longest, longer = model.encode(["word " * 300, "word " * 400])
    assert np.array_equal(longest, longer)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    damaged = tmp_path / "model.safetensors"
    damaged.write_bytes((FOLDER / damaged.name).read_bytes()[:5000])
    with pytest.raises(LibraryDamagedError, match=r"model\.safetensors"):
        load_tensors(damaged)


def test_weights_that_are_missing_are_said() -> None:
    tensors = load_tensors(FOLDER / "model.safetensors")
    del tensors["encoder.layer.3.output.dense.bias"]
    with pytest.raises(LibraryDamagedError, match="does not fit"):
        Encoder(tensors)

"""The embedding model: the graph beside it, its batches, and damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skillweave.skills.errors import LibraryDamagedError
from skillweave.store.embed import model_folder
from skillweave.store.graph import draw
from skillweave.store.minilm import (
    GRAPH,
    MANY,
    QUICK,
    SCALES,
    WHOLE,
    Encoder,
    MiniLM,
    load_tensors,
    whole_numbers,
)

FOLDER = model_folder()


def test_the_graphs_that_come_along_are_those_that_are_drawn() -> None:
    assert GRAPH.read_bytes() == draw(quick=False).SerializeToString()
    assert QUICK.read_bytes() == draw(quick=True).SerializeToString()


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


def test_a_query_is_read_much_like_a_text() -> None:
    model = MiniLM(FOLDER)
    texts = ["sort the words", "how many days are left until 3 May 2031?", ""]
    for text, exact in zip(texts, model.encode(texts), strict=True):
        quick = model.query(text)
        assert np.isclose(np.linalg.norm(quick), 1.0, atol=1e-5)
        assert 0.97 < float(exact @ quick) < 0.99999


def test_whole_numbers_stand_for_the_weights_of_each_output() -> None:
    matrix = np.array([[0.5, -1.0, 0.25], [0.0, 0.0, 0.0]], np.float32)
    bias = np.ones(2, np.float32)
    found = whole_numbers({"layer.weight": matrix, "layer.bias": bias})
    whole, scales = found["layer" + WHOLE], found["layer" + SCALES]
    assert whole.shape == (3, 2)
    assert whole.dtype == np.int8
    assert np.abs((whole * scales).T - matrix).max() <= scales.max() / 2
    assert found["layer.bias"] is bias


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

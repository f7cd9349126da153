"""The vector index over Chroma."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from skillweave.skills.errors import LibraryDamagedError
from skillweave.store.index import VectorIndex


@pytest.fixture
def index(tmp_path: Path) -> Iterator[VectorIndex]:
    opened = VectorIndex(tmp_path / "chroma")
    yield opened
    opened.close()


def unit_rows(count: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(1).normal(size=(count, 384)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def test_nearest_first_and_kinds_apart(index: VectorIndex) -> None:
    rows = unit_rows(40)
    index.put("tool", [f"t{n}" for n in range(30)], rows[:30])
    index.put("guide", [f"g{n}" for n in range(10)], rows[30:])
    hits = index.search(rows[7], ["tool"], 5)
    assert (hits[0].id, len(hits)) == ("t7", 5)
    assert hits[0].cosine == pytest.approx(1.0, abs=1e-5)
    exact = np.sort(rows[:30] @ rows[7])[::-1][:5]
    assert [hit.cosine for hit in hits] == pytest.approx(list(exact), abs=1e-5)
    assert index.search(rows[35], ["tool", "guide"], 3)[0].id == "g5"
    assert index.search(rows[35], [], 3) == []


def test_put_replaces_and_drop_removes(index: VectorIndex) -> None:
    rows = unit_rows(3)
    index.put("tool", ["a", "b"], rows[:2])
    index.put("tool", ["a"], rows[2:])
    index.drop("tool", ["b", "unknown"])
    assert index.ids("tool") == {"a"}
    assert index.count("tool") == 1
    assert index.search(rows[2], ["tool"], 10)[0].cosine == pytest.approx(1.0, abs=1e-5)
    index.clear()
    assert index.count("tool") == 0
    index.put("tool", ["a"], rows[:1])
    index.refresh()
    assert index.ids("tool") == {"a"}


def test_refresh_shows_what_another_index_wrote(index: VectorIndex, tmp_path: Path) -> None:
    rows = unit_rows(2)
    index.put("tool", ["a"], rows[:1])
    assert len(index.search(rows[0], ["tool"], 5)) == 1
    other = VectorIndex(tmp_path / "chroma")
    other.put("tool", ["b"], rows[1:])
    other.close()
    index.refresh()
    assert index.search(rows[1], ["tool"], 5)[0].id == "b"


def test_a_damaged_folder_is_said_and_can_be_cleared(tmp_path: Path) -> None:
    index = VectorIndex(tmp_path / "chroma")
    index.put("tool", ["a"], unit_rows(1))
    index.close()
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 500)
    with pytest.raises(LibraryDamagedError, match="vector index"):
        index.count("tool")
    index.clear()
    assert index.count("tool") == 0
    index.close()

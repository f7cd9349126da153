"""How requests are read for the router, and what it is trained on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from skillweave.skills.errors import LibraryDamagedError
from skillweave.skills.model import Case, Skill
from skillweave.store.embed import (
    WIDTH,
    Embedder,
    EmbeddingCache,
    HashEmbedder,
    MiniLMEmbedder,
    Vectors,
)
from skillweave.store.prepare import builtin_skills
from skillweave.store.prepared import prepared_vectors
from skillweave.store.routing import SEEN, Readings, RoutingEmbedder, mark_of
from skillweave.store.routing_train import Recipe, Texts, examples_of


@pytest.fixture(scope="module")
def routing() -> RoutingEmbedder:
    return RoutingEmbedder()


def test_like_requests_are_nearer_than_by_minilm(routing: RoutingEmbedder, tmp_path: Path) -> None:
    skills = [skill for skill in builtin_skills() if skill.toolkit == "lists"]
    told, kept_out = examples_of(skills, Recipe())
    assert len(kept_out) > 100

    def share_right(embedder: Embedder) -> float:
        asked, known = (embedder.embed([one.text for one in part]) for part in (kept_out, told))
        nearest = (asked @ known.T).argmax(1)
        right = [told[n].skill == one.skill for n, one in zip(nearest, kept_out, strict=True)]
        return float(np.mean(right))

    with closing(EmbeddingCache(MiniLMEmbedder(), tmp_path / "cache", prepared_vectors)) as minilm:
        assert share_right(routing) > share_right(minilm) + 0.1


def test_vectors_are_of_length_one(routing: RoutingEmbedder) -> None:
    lengths = np.linalg.norm(routing.embed(["odds only", "a", ""]), axis=1)
    assert np.allclose(lengths, 1.0, atol=1e-5)


def test_it_knows_what_it_was_trained_on(routing: RoutingEmbedder) -> None:
    told, kept_out = examples_of(builtin_skills(), Recipe())
    known = sum(routing.was_trained_on(one.text) for one in told)
    assert known > 0.9 * len(told), "run python -m skillweave.store.routing_train"
    both = {one.text for one in told}
    assert not any(routing.was_trained_on(one.text) for one in kept_out if one.text not in both)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "routing.npz"
    with pytest.raises(LibraryDamagedError, match=r"routing\.npz: cannot read it"):
        _ = RoutingEmbedder(file).name
    file.write_bytes(b"no archive")
    with pytest.raises(LibraryDamagedError, match="install skillweave again"):
        RoutingEmbedder(file).embed(["one"])


def test_another_file_has_another_name(tmp_path: Path) -> None:
    names = set()
    for at in range(2):
        file = tmp_path / f"{at}.npz"
        np.savez(file, allow_pickle=False, **{SEEN: np.array([mark_of("one"), at])})
        embedder = RoutingEmbedder(file)
        names.add(embedder.name)
        assert embedder.was_trained_on("one")
        assert not embedder.was_trained_on("two")
        assert np.allclose(embedder.embed(["one"]), MiniLMEmbedder().embed(["one"]), atol=1e-5)
    assert len(names) == 2


def test_one_request_of_ten_is_kept_out() -> None:
    asked = tuple(f"request number {n}" for n in range(500))
    skills = [Skill(name=n, description=f"does {n}", kind="guide", requests=asked) for n in "ab"]
    told, out = examples_of(skills, Recipe(held_out=10))
    assert {one.text for one in told}.isdisjoint(one.text for one in out)
    assert 60 <= len(out) <= 140
    assert {one.skill for one in told if one.text.startswith(("a", "b"))} == {0, 1}
    assert examples_of(skills, Recipe(held_out=10)) == (told, out)


def test_a_request_may_show_the_values_of_a_case() -> None:
    cases = (Case(arguments={"numbers": [4, 7], "by": "x" * 90}, expected=1),)
    skills = [Skill(name="a", description="adds", kind="guide", requests=("add",), cases=cases)]
    (add,) = (one for one in examples_of(skills, Recipe(held_out=10**9))[0] if one.text == "add")
    always, never = (Texts(skills, Recipe(with_values=share)) for share in (1.0, 0.0))
    shown = {always.with_values(add, random.Random(seed)) for seed in range(40)}
    assert {"add 4, 7", "4, 7 add", "add [4, 7]"} <= shown
    assert max(map(len, shown)) <= len("add [4, 7] ") + 48
    assert {never.with_values(add, random.Random(seed)) for seed in range(9)} == {"add"}
    ids, mask = always.tensors(["add", "add 4, 7"])
    assert ids.shape == mask.shape == (2, 8)
    assert mask.sum(1).tolist() == [3.0, 6.0]


def test_readings_stand_side_by_side(tmp_path: Path) -> None:
    class Other(HashEmbedder):
        name = "other"

        def embed(self, texts: Sequence[str]) -> Vectors:
            return -super().embed(texts)

    with (
        closing(EmbeddingCache(HashEmbedder(), tmp_path / "cache")) as one,
        closing(EmbeddingCache(Other(), tmp_path / "cache")) as other,
    ):
        both = Readings(one, other)
        found = both.embed(["odds only", "a"])
        assert found.shape == (2, 2 * WIDTH)
        assert np.array_equal(found[:, :WIDTH], -found[:, WIDTH:])
        assert np.array_equal(both.query("a"), found[1])
        assert both.name == "hash other"
        assert Readings(one).query("a").shape == (WIDTH,)

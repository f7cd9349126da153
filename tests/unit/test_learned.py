"""The re-ranker on made-up data: it learns what is there to learn, and nothing that is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skillweave.store.learned import (
    FEATURES,
    Episode,
    Reranker,
    Traits,
    echo_of,
    features,
    load,
    train_mixer,
    train_router,
)

WIDTH = 24


def requests(
    skills: int, each: int
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float32]], list[str]]:
    """Unit vectors around one direction per skill."""
    chance = np.random.default_rng(0)
    centres = np.repeat(chance.normal(size=(skills, WIDTH)), each, axis=0)
    vectors = (centres + 0.5 * chance.normal(size=centres.shape)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit, [f"skill-{at // each}" for at in range(skills * each)]


def test_the_router_finds_the_skill_again() -> None:
    vectors, names = requests(5, 20)
    router = train_router(vectors, names)
    best = router.log_probabilities(vectors).argmax(axis=1)
    assert np.mean([router.names[at] == name for at, name in zip(best, names, strict=True)]) > 0.95
    assert np.exp(router.log_probabilities(vectors)).sum(axis=1) == pytest.approx(1.0, abs=1e-4)


def test_training_gives_the_same_again() -> None:
    vectors, names = requests(3, 10)
    one, two = train_router(vectors, names), train_router(vectors, names)
    assert np.array_equal(one.weights, two.weights)


def test_the_mixer_uses_the_feature_that_tells() -> None:
    chance = np.random.default_rng(1)
    episodes = []
    for _ in range(200):
        told = chance.random((4, FEATURES)).astype(np.float32)
        episodes.append(Episode(np.zeros(4, np.float32), told, int(told[:, 2].argmax())))
    mixer = train_mixer(episodes)
    assert mixer.argmax() == 2
    assert abs(np.delete(mixer, 2)).max() < mixer[2] / 5


def test_hidden_traits_tell_nothing_of_the_past() -> None:
    one = Traits(pooled=0.4, described=0.5, asked=0.9, echo=1.0, lexical=0.2, routed=-0.1)
    bare = Traits(pooled=0.4, described=0.5, asked=0.0, echo=0.0, lexical=0.2, routed=None)
    assert features(one.hidden()) == features(bare)


def test_echo_grows_with_the_number_of_near_requests() -> None:
    assert echo_of([0.8]) == pytest.approx(0.8)
    assert 0.8 < echo_of([0.8, 0.3]) < echo_of([0.8, 0.8])


def test_a_saved_reranker_comes_back_unless_the_vectors_are_others(tmp_path: Path) -> None:
    vectors, names = requests(3, 10)
    model = Reranker(train_router(vectors, names), np.ones(FEATURES, np.float32))
    path = tmp_path / "reranker.npz"
    model.save(path, made=7)
    again = load(path, made=7)
    assert again is not None
    assert again.router.names == model.router.names
    assert np.allclose(again.router.weights, model.router.weights, atol=1e-2)
    assert load(path, made=8) is None
    path.write_bytes(b"no archive")
    assert load(path, made=7) is None
    assert load(tmp_path / "none.npz", made=7) is None

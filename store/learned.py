"""A small re-ranker, trained on nothing but the library's own verified requests.

Two parts. The *router* is a softmax regression from the query's vector to the skills that have
history: one row of weights per skill. The *mixer* is a listwise linear model (ListNet,
https://icml.cc/imls/conferences/2007/proceedings/papers/139.pdf) over a few traits of each candidate;
it learns how far to trust the router, the past requests and the words. It adds a correction to the
score, in the score's own unit, so that other terms keep their meaning and skills without history stay
comparable: in training, the history of some skills is hidden.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from math import exp, log
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SCALE = 10.0
"""Unit vectors are stretched so much before they are multiplied with the router's rows."""
STEPS = 1200
BATCH = 256
RATE = 2e-3
DECAY = 0.1
SMOOTHING = 0.05
FLOOR = -8.0
"""Log-probabilities below this one all mean: not this skill."""
SHARPNESS = 20.0


class Traits(NamedTuple):
    """What the mixer sees of one candidate."""

    pooled: float
    """Mean cosine over the views that describe the skill."""
    described: float
    """Best cosine over them."""
    asked: float
    """Best cosine over example and past requests; 0 without any."""
    echo: float
    """`echo_of` those requests; 0 without any."""
    lexical: float
    routed: float | None
    """Log-probability by the router; None for a skill without history."""

    def hidden(self) -> Traits:
        """The same candidate, had it no past."""
        return self._replace(asked=0.0, echo=0.0, routed=None)


FEATURES = 6


def features(traits: Traits) -> list[float]:
    """The inputs of the mixer, each about 0..1."""
    routed = FLOOR if traits.routed is None else max(FLOOR, traits.routed)
    return [
        1.0 - routed / FLOOR,
        float(traits.routed is not None),
        traits.echo - traits.asked,
        float(traits.asked > 0.0),
        traits.pooled,
        traits.lexical,
    ]


def echo_of(cosines: Sequence[float]) -> float:
    """A smooth maximum that grows with the number of near requests: log-sum-exp of ``cosines``."""
    top = max(cosines)
    return top + log(sum(exp(SHARPNESS * (cosine - top)) for cosine in cosines)) / SHARPNESS


class Router(NamedTuple):
    """Softmax regression over the skills with history."""

    names: tuple[str, ...]
    weights: Floats
    """``[skills, width]``"""
    bias: Floats

    def log_probabilities(self, vectors: Floats) -> Floats:
        """``[n, width]`` unit vectors to ``[n, skills]``."""
        return _log_softmax(vectors @ self.weights.T * np.float32(SCALE) + self.bias)


class Reranker(NamedTuple):
    """Router and mixer."""

    router: Router
    mixer: Floats
    """``[FEATURES]``, in units of the score."""

    def correction(self, traits: Traits) -> float:
        """What to add to the score of a candidate."""
        return float(np.dot(self.mixer, features(traits)))

    def save(self, path: Path, made: int) -> None:
        """Write to ``path`` at once, never half; ``made`` says by what the vectors were made."""
        fresh = path.with_suffix(".new.npz")
        np.savez(
            fresh,
            names=np.array(self.router.names),
            weights=self.router.weights.astype(np.float16),
            bias=self.router.bias,
            mixer=self.mixer,
            made=np.array(made),
        )
        fresh.replace(path)


def load(path: Path, made: int) -> Reranker | None:
    """The re-ranker that was saved; None when there is none that fits these vectors."""
    try:
        with np.load(path) as file:
            if int(file["made"]) != made or file["mixer"].shape != (FEATURES,):
                return None
            router = Router(
                names=tuple(str(name) for name in file["names"]),
                weights=file["weights"].astype(np.float32),
                bias=file["bias"],
            )
            return Reranker(router=router, mixer=file["mixer"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def train_router(vectors: Floats, skills: Sequence[str], seed: int = 0) -> Router:
    """Fit the router to ``vectors [n, width]`` of requests, each solved by one of ``skills [n]``."""
    names = tuple(sorted(set(skills)))
    places = {name: at for at, name in enumerate(names)}
    labels = np.array([places[name] for name in skills])
    chance = np.random.default_rng(seed)
    x = vectors * np.float32(SCALE)
    parameters = np.zeros((len(names), x.shape[1] + 1), np.float32)
    first, second = np.zeros_like(parameters), np.zeros_like(parameters)
    for step in range(1, STEPS + 1):
        rows = chance.integers(0, len(x), min(BATCH, len(x)))
        part = np.concatenate([x[rows], np.ones((len(rows), 1), np.float32)], axis=1)
        error = np.exp(_log_softmax(part @ parameters.T)) - np.float32(SMOOTHING / len(names))
        error[np.arange(len(rows)), labels[rows]] -= np.float32(1.0 - SMOOTHING)
        slope = error.T @ part / np.float32(len(rows))
        first += 0.1 * (slope - first)
        second += 0.001 * (slope * slope - second)
        rate = RATE * (1.0 - (step - 1) / STEPS)
        move = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        parameters -= np.float32(rate) * (move + np.float32(DECAY) * parameters)
    return Router(names=names, weights=parameters[:, :-1], bias=parameters[:, -1])


class Episode(NamedTuple):
    """One past request and the candidates that a search found for it."""

    base: Floats
    """``[candidates]``: their scores without the re-ranker."""
    features: Floats
    """``[candidates, FEATURES]``"""
    right: int


def train_mixer(episodes: Sequence[Episode], steps: int = 400, rate: float = 0.05) -> Floats:
    """Maximise the likelihood of the right candidates; score and correction share one temperature."""
    size = max(len(one.base) for one in episodes)
    x = np.zeros((len(episodes), size, FEATURES + 1), np.float32)
    blocked = np.full((len(episodes), size), -1e9, np.float32)
    for at, one in enumerate(episodes):
        x[at, : len(one.base), 0] = one.base
        x[at, : len(one.base), 1:] = one.features
        blocked[at, : len(one.base)] = 0.0
    right = np.array([one.right for one in episodes])
    told = x[np.arange(len(episodes)), right]
    parameters = np.zeros(FEATURES + 1, np.float32)
    parameters[0] = 20.0
    sizes = np.ones_like(parameters)
    sizes[0] = 20.0
    first, second = np.zeros_like(parameters), np.zeros_like(parameters)
    for step in range(1, steps + 1):
        chance = np.exp(_log_softmax(x @ parameters + blocked))
        slope = np.einsum("nc,ncf->f", chance, x) - told.sum(0)
        slope = slope / len(episodes) * sizes + 1e-4 * parameters / sizes
        first += 0.1 * (slope - first)
        second += 0.01 * (slope * slope - second)
        move = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
        parameters -= np.float32(rate) * move * sizes
    temperature = max(float(parameters[0]), 1.0)
    mixer: Floats = (parameters[1:] / temperature).astype(np.float32)
    return mixer


def _log_softmax(x: Floats) -> Floats:
    """Over the last axis."""
    shifted = x - x.max(axis=-1, keepdims=True)
    y: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return y

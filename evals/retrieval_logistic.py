"""Logistic regression on a few numbers, by Newton's method: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PENALTY = 1.0
STEPS = 30


class Logistic(NamedTuple):
    """A fitted model."""

    weights: Array
    """``[features]``, per standard deviation of each feature."""
    bias: float
    centre: Array
    scale: Array

    def chances(self, x: Array) -> Array:
        """``[n, features]`` to the chance of true, ``[n]``."""
        inner: Array = (x - self.centre) / self.scale @ self.weights + self.bias
        return _sigmoid(inner)


def fit(x: Array, labels: Sequence[bool]) -> Logistic:
    """Most likely weights for ``x [n, features]`` under a ridge; both labels count the same in sum.

    >>> model = fit(np.array([[0.0], [1.0], [2.0], [3.0]]), [False, False, True, True])
    >>> [round(float(one), 1) for one in model.chances(np.array([[0.0], [1.5], [3.0]]))]
    [0.2, 0.5, 0.8]
    """
    y = np.array(labels, float)
    if not len(y):
        width = x.shape[1]
        return Logistic(np.zeros(width), 0.0, np.zeros(width), np.ones(width))
    centre, scale = x.mean(0), x.std(0) + 1e-9
    rows = np.column_stack([(x - centre) / scale, np.ones(len(x))])
    count = max(1.0, y.sum()), max(1.0, len(y) - y.sum())
    counts = np.where(y > 0, len(y) / (2 * count[0]), len(y) / (2 * count[1]))
    ridge = PENALTY * np.eye(rows.shape[1])
    ridge[-1, -1] = 1e-6
    parameters = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        chances = _sigmoid(rows @ parameters)
        slope = rows.T @ (counts * (chances - y)) + ridge @ parameters
        curve = (rows * (counts * chances * (1 - chances))[:, np.newaxis]).T @ rows + ridge
        parameters -= np.linalg.solve(curve, slope)
    return Logistic(parameters[:-1], float(parameters[-1]), centre, scale)


def _sigmoid(x: Array) -> Array:
    y: Array = 1.0 / (1.0 + np.exp(-np.clip(x, -30.0, 30.0)))
    return y

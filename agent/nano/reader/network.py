"""The reader's network in numpy, as it runs: no deep-learning import, one request at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skillweave.agent.nano.reader.pointers import END

Floats = NDArray[np.float32]
Tensors = dict[str, Floats]
Allowed = Callable[[Sequence[int]], NDArray[np.bool_]]
"""Which signs may come next: ``[POINT + words]``."""

HEADS: Final = 4
EPSILON: Final = 1e-5
PLACE_SCALE: Final = 0.3
SQRT_HALF: Final = np.float32(math.sqrt(0.5))


def gelu(x: Floats) -> Floats:
    """Exact GELU, elementwise, by an error function within 1.5e-7 (Abramowitz and Stegun 7.1.26)."""
    a = np.abs(x) * SQRT_HALF
    t = 1.0 / (1.0 + np.float32(0.3275911) * a)
    tail = t * np.float32(1.061405429)
    for c in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail = (tail + np.float32(c)) * t
    cut: Floats = np.maximum(x, 0.0) - 0.5 * np.abs(x) * tail * np.exp(-a * a)
    return cut


class Said(NamedTuple):
    """One way to go on, as signs with `END`."""

    signs: tuple[int, ...]
    logprob: float
    """Natural logarithm of the probability of the whole."""


@dataclass(frozen=True)
class _Beams:
    signs: list[tuple[int, ...]]
    scores: Floats
    keys: list[Floats]
    """By layer ``[beams, heads, length, width of a head]``."""
    values: list[Floats]


class Decoder:
    """Points at the words of one request after the other, by beam search."""

    def __init__(self, tensors: Tensors):
        self._t = tensors
        self._layers = sum(name.endswith("inner.weight") for name in tensors)
        self._width = tensors["project.weight"].shape[0]

    def memory(self, states: Floats) -> Floats:
        """What the decoder sees of the words: ``[words, 384]`` to ``[words, width]``."""
        seen = self._dense(states, "project")
        return seen + np.stack([self._place(n) for n in range(len(seen))])

    def search(self, memory: Floats, allowed: Allowed, width: int, longest: int) -> list[Said]:
        """The likeliest sequences, best first.

        Args:
            memory: of `memory`.
            width: how many sequences are followed.
            longest: signs of a sequence; what is not at its end by then is dropped.
        """
        looks = [
            self._heads(memory, f"layers.{n}.cross", ("key", "value")) for n in range(self._layers)
        ]
        following = np.vstack([memory[1:], np.zeros((1, self._width), np.float32)])
        words = self._dense(memory, "copied") + self._dense(following, "following")
        embedded = np.vstack([self._t["signs.weight"], words])
        offered = self._dense(memory, "offer").T / np.float32(math.sqrt(self._width))
        empty = np.zeros((1, HEADS, 0, self._width // HEADS), np.float32)
        beams = _Beams(
            [()], np.zeros(1, np.float32), [empty] * self._layers, [empty] * self._layers
        )
        ended: list[Said] = []
        for at in range(longest):
            last = [signs[-1] if signs else END for signs in beams.signs]
            x = embedded[last] + self._place(at)
            x, keys, values = self._through(x, beams, looks)
            logits = np.hstack([x @ self._t["signs.weight"].T, self._dense(x, "ask") @ offered])
            logits -= logits.max(-1, keepdims=True)
            logprobs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
            may = np.stack([allowed(signs) for signs in beams.signs])
            totals = np.where(may, beams.scores[:, None] + logprobs, -np.inf)
            best = np.argsort(-totals, axis=None)[: 2 * width]
            going: list[tuple[int, int]] = []
            for row, sign in zip(*np.unravel_index(best, totals.shape), strict=True):
                total = float(totals[row, sign])
                if not math.isfinite(total):
                    continue
                if sign == END:
                    ended.append(Said((*beams.signs[row], END), total))
                elif len(going) < width:
                    going.append((int(row), int(sign)))
            ended = sorted(ended, key=lambda said: -said.logprob)[:width]
            if not going or (len(ended) == width and totals[going[0]] < ended[-1].logprob):
                break
            rows = [row for row, _ in going]
            beams = _Beams(
                [(*beams.signs[row], sign) for row, sign in going],
                np.array([totals[one] for one in going], np.float32),
                [key[rows] for key in keys],
                [value[rows] for value in values],
            )
        return ended

    def _through(
        self, x: Floats, beams: _Beams, looks: list[list[Floats]]
    ) -> tuple[Floats, list[Floats], list[Floats]]:
        """One more position ``[beams, width]`` through all layers, with what is remembered of each."""
        all_keys, all_values = [], []
        for n, (key, value) in enumerate(looks):
            name = f"layers.{n}"
            y = self._norm(x, f"{name}.norms.0")
            query, *new = self._heads(y[:, None], f"{name}.own", ("query", "key", "value"))
            keys = np.concatenate([beams.keys[n], new[0]], axis=2)
            values = np.concatenate([beams.values[n], new[1]], axis=2)
            x = x + self._look(query, keys, values, f"{name}.own")
            y = self._norm(x, f"{name}.norms.1")
            (query,) = self._heads(y[:, None], f"{name}.cross", ("query",))
            x = x + self._look(query, key, value, f"{name}.cross")
            y = self._dense(self._norm(x, f"{name}.norms.2"), f"{name}.inner")
            x = x + self._dense(gelu(y), f"{name}.outer")
            all_keys.append(keys)
            all_values.append(values)
        return self._norm(x, "norm"), all_keys, all_values

    def _look(self, query: Floats, keys: Floats, values: Floats, name: str) -> Floats:
        scores = query @ keys.swapaxes(-1, -2) / np.float32(math.sqrt(query.shape[-1]))
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ values)[..., 0, :]
        return self._dense(mixed.reshape(len(mixed), -1), f"{name}.out")

    def _heads(self, x: Floats, name: str, parts: Sequence[str]) -> list[Floats]:
        """``[..., length, width]`` to ``[..., heads, length, width of a head]``, for each part."""
        shape = (*x.shape[:-1], HEADS, x.shape[-1] // HEADS)
        return [self._dense(x, f"{name}.{part}").reshape(shape).swapaxes(-2, -3) for part in parts]

    def _dense(self, x: Floats, name: str) -> Floats:
        rows = x.reshape(-1, x.shape[-1])
        # With few rows BLAS takes a quarter less time when the weights come first.
        y: Floats = (self._t[f"{name}.weight"] @ rows.T).T + self._t[f"{name}.bias"]
        return y.reshape(*x.shape[:-1], -1)

    def _norm(self, x: Floats, name: str) -> Floats:
        y = x - x.mean(-1, keepdims=True)
        y = y / np.sqrt(np.square(y).mean(-1, keepdims=True) + EPSILON)
        normed: Floats = y * self._t[f"{name}.weight"] + self._t[f"{name}.bias"]
        return normed

    def _place(self, at: int) -> Floats:
        rates = np.exp(np.arange(0, self._width, 2) * (-math.log(10_000.0) / self._width))
        angles = at * rates
        place = PLACE_SCALE * np.stack([np.sin(angles), np.cos(angles)], -1)
        return place.reshape(-1).astype(np.float32)

"""all-MiniLM-L6-v2 (https://arxiv.org/abs/2002.10957) as plain numpy: a query needs no deep-learning import.

Importing torch costs seconds at every start; this forward pass gives the same vectors (difference
below 1e-5) from the same ``model.safetensors``, which is mapped, not read.
"""

from __future__ import annotations

import json
import math
import mmap
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]
from tokenizers import Tokenizer

from skillweave.skills.errors import LibraryDamagedError

Floats = NDArray[np.float32]

HEADS = 12
MAX_TOKENS = 256
BATCH_TOKENS = 2048
MANY = 512
"""From so many texts on, several threads are worth their risk."""
EPSILON = np.float32(1e-12)
SQRT_HALF = 0.70710678
_KINDS: dict[str, type[np.float32] | type[np.float16]] = {"F32": np.float32, "F16": np.float16}


def load_tensors(path: Path) -> dict[str, Floats]:
    """The float tensors of a safetensors file; those of 32 bits are read-only views of the mapped file.

    Raises:
        LibraryDamagedError: the file is not a safetensors file.
    """
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        (length,) = struct.unpack("<Q", mapped[:8])
        header: dict[str, dict[str, object]] = json.loads(mapped[8 : 8 + length])
        tensors: dict[str, Floats] = {}
        for name, entry in header.items():
            kind = _KINDS.get(str(entry.get("dtype")))
            if kind is None:
                continue
            start, _ = (int(n) for n in entry["data_offsets"])  # type: ignore[attr-defined]
            shape = tuple(int(n) for n in entry["shape"])  # type: ignore[attr-defined]
            data = np.frombuffer(mapped, kind, math.prod(shape), 8 + length + start)
            tensors[name] = data.reshape(shape).astype(np.float32, copy=False)
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise LibraryDamagedError(f"{path}: cannot read the embedding model: {error}") from error
    return tensors


def gelu(x: Floats) -> Floats:
    """Exact GELU, elementwise, by an error function within 1.5e-7 (Abramowitz and Stegun 7.1.26)."""
    a = np.abs(x)
    t = a * np.float32(0.3275911 * SQRT_HALF)
    t += 1.0
    np.reciprocal(t, out=t)
    tail = t * np.float32(1.061405429)
    for c in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail += np.float32(c)
        tail *= t
    tail *= a
    np.square(a, out=a)
    a *= np.float32(-0.5)
    tail *= np.exp(a, out=a)
    tail *= np.float32(-0.5)
    tail += np.maximum(x, 0.0)
    return tail


def normalise(x: Floats, weight: Floats, bias: Floats) -> Floats:
    """Layer norm over the first axis of ``x [width, n]``."""
    y: Floats = x - x.mean(0)
    scale = np.square(y).mean(0)
    scale += EPSILON
    y /= np.sqrt(scale)
    y *= weight[:, np.newaxis]
    y += bias[:, np.newaxis]
    return y


class Bert:
    """The encoder: token ids and mask ``[n, length]`` to unit sentence vectors ``[n, 384]``.

    Tokens are columns throughout, so that the weights multiply from the left as they lie in the file
    and the heads need no copying.
    """

    def __init__(self, tensors: dict[str, Floats]):
        self._t = tensors
        self._layers = sum(name.endswith("intermediate.dense.weight") for name in tensors)

    def _dense(self, x: Floats, name: str) -> Floats:
        """``[inputs, n]`` to ``[outputs, n]``."""
        y: Floats = self._t[f"{name}.weight"] @ x
        y += self._t[f"{name}.bias"][:, np.newaxis]
        return y

    def _norm(self, x: Floats, name: str) -> Floats:
        return normalise(x, self._t[f"{name}.LayerNorm.weight"], self._t[f"{name}.LayerNorm.bias"])

    def _attention(self, x: Floats, shape: tuple[int, int], bias: Floats, name: str) -> Floats:
        """Self attention over ``x [width, n * length]``; ``bias [n, 1, length, 1]`` hides padding."""
        width = len(x)

        def heads(part: str) -> Floats:
            """``[n, heads, width of a head, length]``"""
            y = self._dense(x, f"{name}.self.{part}").reshape(HEADS, width // HEADS, *shape)
            return y.transpose(2, 0, 1, 3)

        # Rows are what is looked at, columns are what looks.
        scores = heads("key").transpose(0, 1, 3, 2) @ heads("query")
        scores *= np.float32(1.0 / np.sqrt(width // HEADS))
        scores += bias
        scores -= scores.max(-2, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-2, keepdims=True)
        mixed = (heads("value") @ scores).transpose(1, 2, 0, 3).reshape(width, -1)
        return self._norm(self._dense(mixed, f"{name}.output.dense") + x, f"{name}.output")

    def states(self, ids: NDArray[np.int64], mask: Floats) -> Floats:
        """What the last layer says of each token of a padded batch: ``[384, n * length]``."""
        shape = (ids.shape[0], ids.shape[1])
        embedded: Floats = (
            self._t["embeddings.word_embeddings.weight"][ids]
            + self._t["embeddings.position_embeddings.weight"][: shape[1]]
            + self._t["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = np.ascontiguousarray(embedded.reshape(-1, embedded.shape[-1]).T)
        hidden = self._norm(hidden, "embeddings")
        bias: Floats = (mask[:, None, :, None] - 1.0) * np.float32(1e9)
        for layer in range(self._layers):
            name = f"encoder.layer.{layer}"
            hidden = self._attention(hidden, shape, bias, f"{name}.attention")
            inner = gelu(self._dense(hidden, f"{name}.intermediate.dense"))
            hidden = self._norm(
                self._dense(inner, f"{name}.output.dense") + hidden, f"{name}.output"
            )
        return hidden

    def forward(self, ids: NDArray[np.int64], mask: Floats) -> Floats:
        """Encode one padded batch."""
        hidden = self.states(ids, mask)
        summed = (hidden.reshape(-1, *ids.shape) * mask).sum(-1).T
        unit: Floats = summed / np.linalg.norm(summed, axis=1, keepdims=True)
        return unit


class MiniLM:
    """Tokenizer and encoder from a model folder."""

    def __init__(self, folder: Path):
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._bert = Bert(load_tensors(folder / "model.safetensors"))
        self._pool = ThreadpoolController()

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors of ``texts``; batches are of similar length, so padding costs little."""
        if len(texts) < MANY:
            # On a busy machine, threads that wait for each other are ten times slower than one.
            with self._pool.limit(limits=1, user_api="blas"):
                return self._encode(texts)
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Floats:
        tokens = [self._tokenizer.encode(text).ids for text in texts]
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        out = np.empty((len(texts), self.width), np.float32)
        start = 0
        while start < len(order):
            stop = start + 1
            while stop < len(order) and len(tokens[order[stop]]) * (stop - start) < BATCH_TOKENS:
                stop += 1
            rows = order[start:stop]
            length = len(tokens[rows[-1]])
            ids = np.zeros((len(rows), length), np.int64)
            mask = np.zeros((len(rows), length), np.float32)
            for at, row in enumerate(rows):
                ids[at, : len(tokens[row])] = tokens[row]
                mask[at, : len(tokens[row])] = 1.0
            out[rows] = self._bert.forward(ids, mask)
            start = stop
        return out

    @property
    def width(self) -> int:
        """Length of a vector."""
        return 384

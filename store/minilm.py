"""all-MiniLM-L6-v2 (https://arxiv.org/abs/2002.10957) as plain numpy: a query needs no deep-learning import.

Importing torch costs seconds at every start; this forward pass gives the same vectors (difference
below 1e-5) from the same ``model.safetensors``, which is mapped, not read.
"""

from __future__ import annotations

import json
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


def load_tensors(path: Path) -> dict[str, Floats]:
    """The float32 tensors of a safetensors file, as read-only views of the mapped file.

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
            if entry.get("dtype") != "F32":
                continue
            start, stop = (int(n) for n in entry["data_offsets"])  # type: ignore[attr-defined]
            data = np.frombuffer(mapped, np.float32, (stop - start) // 4, 8 + length + start)
            tensors[name] = data.reshape(entry["shape"])  # type: ignore[call-overload]
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise LibraryDamagedError(f"{path}: cannot read the embedding model: {error}") from error
    return tensors


def erf(x: Floats) -> Floats:
    """Error function, within 1.5e-7 (Abramowitz and Stegun 7.1.26); numpy has none."""
    a = np.abs(x)
    t: Floats = 1.0 / (1.0 + np.float32(0.3275911) * a)
    poly = np.full_like(t, 1.061405429)
    for c in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        poly = poly * t + np.float32(c)
    y: Floats = np.copysign(1.0 - poly * t * np.exp(-a * a), x)
    return y


def gelu(x: Floats) -> Floats:
    """Exact GELU, elementwise."""
    y: Floats = np.float32(0.5) * x * (1.0 + erf(x * np.float32(0.70710678)))
    return y


def normalise(x: Floats, weight: Floats, bias: Floats) -> Floats:
    """Layer norm over the last axis."""
    centred = x - x.mean(-1, keepdims=True)
    variance = np.square(centred).mean(-1, keepdims=True)
    y: Floats = centred / np.sqrt(variance + EPSILON) * weight + bias
    return y


class Bert:
    """The encoder: token ids and mask ``[n, length]`` to unit sentence vectors ``[n, 384]``."""

    def __init__(self, tensors: dict[str, Floats]):
        self._t = tensors
        self._layers = sum(name.endswith("intermediate.dense.weight") for name in tensors)

    def _dense(self, x: Floats, name: str) -> Floats:
        # Written from the right: BLAS is a tenth faster on few rows this way round.
        y: Floats = (self._t[f"{name}.weight"] @ x.T).T + self._t[f"{name}.bias"]
        return y

    def _norm(self, x: Floats, name: str) -> Floats:
        return normalise(x, self._t[f"{name}.LayerNorm.weight"], self._t[f"{name}.LayerNorm.bias"])

    def _attention(self, x: Floats, shape: tuple[int, int], bias: Floats, name: str) -> Floats:
        """Self attention over ``x [n * length, width]``; ``bias [n, 1, 1, length]`` hides padding."""
        width = x.shape[-1]

        def heads(part: str) -> Floats:
            y = self._dense(x, f"{name}.self.{part}").reshape(*shape, HEADS, width // HEADS)
            return y.transpose(0, 2, 1, 3)

        scale = np.float32(1.0 / np.sqrt(width // HEADS))
        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) * scale + bias
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ heads("value")).transpose(0, 2, 1, 3).reshape(-1, width)
        return self._norm(self._dense(mixed, f"{name}.output.dense") + x, f"{name}.output")

    def forward(self, ids: NDArray[np.int64], mask: Floats) -> Floats:
        """Encode one padded batch."""
        shape = (ids.shape[0], ids.shape[1])
        hidden: Floats = (
            self._t["embeddings.word_embeddings.weight"][ids]
            + self._t["embeddings.position_embeddings.weight"][: shape[1]]
            + self._t["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._norm(hidden, "embeddings").reshape(-1, hidden.shape[-1])
        bias: Floats = (mask[:, None, None, :] - 1.0) * np.float32(1e9)
        for layer in range(self._layers):
            name = f"encoder.layer.{layer}"
            hidden = self._attention(hidden, shape, bias, f"{name}.attention")
            inner = gelu(self._dense(hidden, f"{name}.intermediate.dense"))
            hidden = self._norm(
                self._dense(inner, f"{name}.output.dense") + hidden, f"{name}.output"
            )
        summed = (hidden.reshape(*shape, -1) * mask[:, :, None]).sum(1)
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

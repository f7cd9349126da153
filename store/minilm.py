"""all-MiniLM-L6-v2 (https://arxiv.org/abs/2002.10957) on ONNX Runtime: a query needs no torch.

Importing torch costs seconds at every start. The graphs lie beside this file (`skillweave.store.graph`
draws them); the weights are those of the installed ``model.safetensors``.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import struct
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from skillweave.skills.errors import LibraryDamagedError

Floats = NDArray[np.float32]
Weights = NDArray[np.float32] | NDArray[np.int8]

GRAPH: Final = Path(__file__).with_suffix(".onnx")
QUICK: Final = GRAPH.with_stem("minilm-quick")
"""The graph that multiplies by whole numbers."""
WHOLE: Final = ".whole"
SCALES: Final = ".scales"
MOST: Final = 63
"""Greatest whole number of a weight. With 127, processors that lack VNNI would overflow in 16 bits."""
TINY: Final = np.float32(1e-12)
WIDTH: Final = 384
HEADS: Final = 12
MAX_TOKENS: Final = 256
BATCH_TOKENS: Final = 2048
MANY: Final = 512
"""From so many texts on, all cores work."""
_KINDS: Final[dict[str, type[np.float32] | type[np.float16]]] = {
    "F32": np.float32,
    "F16": np.float16,
}


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


def with_lora(tensors: Mapping[str, Floats], lora: Mapping[str, Floats]) -> dict[str, Floats]:
    """The weights with LoRA merged into them; ``lora`` holds, for a layer, ``up [outputs, rank]`` and
    ``down [rank, inputs]``, and may hold other tensors."""
    names = [name.removesuffix(".down") for name in lora if name.endswith(".down")]
    changed = {
        f"{name}.weight": tensors[f"{name}.weight"] + lora[f"{name}.up"] @ lora[f"{name}.down"]
        for name in names
    }
    return {**tensors, **changed}


def whole_numbers(tensors: Mapping[str, Floats]) -> dict[str, Weights]:
    """The weights as the quick graph wants them: matrices ``[outputs, inputs]`` as whole numbers
    ``[inputs, outputs]`` with a scale for each output, all others as they are."""
    out: dict[str, Weights] = {}
    for name, tensor in tensors.items():
        if tensor.ndim != 2:
            out[name] = tensor
            continue
        layer, scales = name.removesuffix(".weight"), np.abs(tensor).max(axis=1) / MOST + TINY
        whole = np.rint(tensor / scales[:, np.newaxis]).astype(np.int8)
        out[layer + WHOLE], out[layer + SCALES] = np.ascontiguousarray(whole.T), scales
    return out


class Encoder:
    """The transformer; may be shared between threads. Each call runs on one thread."""

    def __init__(self, tensors: Mapping[str, Floats], *, quick: bool = False):
        """Take the weights, under the names that they have in the file; others are ignored.

        A ``quick`` one takes less time. Its vectors have a cosine of about 0.99 with the exact
        ones, and depend on what else is in the batch.

        Raises:
            LibraryDamagedError: weights are missing, or do not fit.
        """
        graph = QUICK if quick else GRAPH
        options = onnxruntime.SessionOptions()
        # On a busy machine, threads that wait for each other are ten times slower than one.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            weights = {
                name: tensor
                for name, tensor in tensors.items()
                if name.startswith(("embeddings.LayerNorm.", "encoder."))
            }
            taken: Mapping[str, Weights] = whole_numbers(weights) if quick else weights
            # The session reads them where they are, as long as it lives.
            self._weights = {
                name: onnxruntime.OrtValue.ortvalue_from_numpy(tensor)
                for name, tensor in taken.items()
            }
            self._words, self._places, kinds = (
                tensors[f"embeddings.{of}_embeddings.weight"]
                for of in ("word", "position", "token_type")
            )
            self._kind = kinds[0]
            options.add_external_initializers(list(self._weights), list(self._weights.values()))
            self._session = onnxruntime.InferenceSession(
                graph.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # those of ONNX Runtime have no class in common
            raise LibraryDamagedError(
                f"the embedding model does not fit {graph.name}: {error}"
            ) from error

    def states(self, ids: NDArray[np.int64], mask: Floats) -> Floats:
        """What the last layer says of each token of a padded batch.

        Args:
            ids, mask: tokens ``[n, length]``, and 1 where there is one.

        Returns:
            ``[n, length, 384]``.
        """
        embedded = self._words[ids] + self._places[: ids.shape[1]] + self._kind
        states: Floats = self._session.run(None, {"embedded": embedded, "mask": mask})[0]
        return states


class MiniLM:
    """Tokenizer and encoder from a model folder; ``lora`` changes its weights, see `with_lora`."""

    def __init__(self, folder: Path, lora: Mapping[str, Floats] | None = None):
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tensors = with_lora(load_tensors(folder / "model.safetensors"), lora or {})

    @cached_property
    def _exact(self) -> Encoder:
        return Encoder(self._tensors)

    @cached_property
    def _quick(self) -> Encoder:
        return Encoder(self._tensors, quick=True)

    def query(self, text: str) -> Floats:
        """The unit vector ``[384]`` of a text that is only asked for, by the quick encoder."""
        unit: Floats = self._mean(self._quick, [self._tokenizer.encode(text).ids])[0]
        return unit

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors of ``texts``; batches are of similar length, so padding costs little."""
        tokens = [self._tokenizer.encode(text).ids for text in texts]
        batches = _batches([len(ids) for ids in tokens])
        out = np.empty((len(texts), WIDTH), np.float32)

        def fill(rows: list[int]) -> None:
            out[rows] = self._mean(self._exact, [tokens[row] for row in rows])

        if len(texts) < MANY:
            for rows in batches:
                fill(rows)
        else:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(fill, batches))
        return out

    @staticmethod
    def _mean(encoder: Encoder, tokens: Sequence[list[int]]) -> Floats:
        """Unit vectors ``[n, 384]`` of texts, as the means of their tokens."""
        shape = (len(tokens), max(len(ids) for ids in tokens))
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
        for row, said in enumerate(tokens):
            ids[row, : len(said)] = said
            mask[row, : len(said)] = 1.0
        summed = (encoder.states(ids, mask) * mask[..., np.newaxis]).sum(1)
        unit: Floats = summed / np.linalg.norm(summed, axis=1, keepdims=True)
        return unit


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Which texts go together: by length, about `BATCH_TOKENS` at once."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    batches: list[list[int]] = []
    for i in order:
        if batches and lengths[i] * len(batches[-1]) < BATCH_TOKENS:
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches

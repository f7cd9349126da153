"""all-MiniLM-L6-v2 (https://arxiv.org/abs/2002.10957) on ONNX Runtime: a query needs no torch.

Importing torch costs seconds at every start. The graph lies beside this file (`skillweave.store.graph`
draws it); the weights are those of the installed ``model.safetensors``.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import struct
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from skillweave.skills.errors import LibraryDamagedError

Floats = NDArray[np.float32]

GRAPH: Final = Path(__file__).with_suffix(".onnx")
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


class Encoder:
    """The transformer; may be shared between threads. Each call runs on one thread."""

    def __init__(self, tensors: Mapping[str, Floats]):
        """Take the weights, under the names that they have in the file; others are ignored.

        Raises:
            LibraryDamagedError: weights are missing, or do not fit.
        """
        options = onnxruntime.SessionOptions()
        # On a busy machine, threads that wait for each other are ten times slower than one.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            # The session reads them where they are, as long as it lives.
            self._weights = {
                name: onnxruntime.OrtValue.ortvalue_from_numpy(tensor)
                for name, tensor in tensors.items()
                if name.startswith(("embeddings.LayerNorm.", "encoder."))
            }
            self._words, self._places, kinds = (
                tensors[f"embeddings.{of}_embeddings.weight"]
                for of in ("word", "position", "token_type")
            )
            self._kind = kinds[0]
            options.add_external_initializers(list(self._weights), list(self._weights.values()))
            self._session = onnxruntime.InferenceSession(
                GRAPH.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # those of ONNX Runtime have no class in common
            raise LibraryDamagedError(
                f"the embedding model does not fit {GRAPH.name}: {error}"
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
        self._encoder = Encoder(with_lora(load_tensors(folder / "model.safetensors"), lora or {}))

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors of ``texts``; batches are of similar length, so padding costs little."""
        tokens = [self._tokenizer.encode(text).ids for text in texts]
        batches = _batches([len(ids) for ids in tokens])
        out = np.empty((len(texts), WIDTH), np.float32)

        def fill(rows: list[int]) -> None:
            out[rows] = self._mean([tokens[row] for row in rows])

        if len(texts) < MANY:
            for rows in batches:
                fill(rows)
        else:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(fill, batches))
        return out

    def _mean(self, tokens: Sequence[list[int]]) -> Floats:
        """Unit vectors ``[n, 384]`` of texts, as the means of their tokens."""
        shape = (len(tokens), max(len(ids) for ids in tokens))
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
        for row, said in enumerate(tokens):
            ids[row, : len(said)] = said
            mask[row, : len(said)] = 1.0
        summed = (self._encoder.states(ids, mask) * mask[..., np.newaxis]).sum(1)
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

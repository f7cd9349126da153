"""Blocks of training batches, drawn by other processes while the model trains."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeVar

import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

Block = TypeVar("Block")


def drawn_ahead(draw: Callable[[int], Block], first: int, workers: int) -> Iterator[Block]:
    """``draw(first)``, ``draw(first + 1)`` and so on, without end and in this order.

    Args:
        draw: what a worker process does for one number.
        workers: how many processes draw.
    """
    # Its own generator: starting the workers must not take from the chance of the training.
    packed = DataLoader(
        _Packed(draw, first), batch_size=None, num_workers=workers, generator=torch.Generator()
    )
    return map(pickle.loads, packed)


def usual_workers(device: str) -> int:
    """One beside a CPU that trains; all cores but two beside a GPU, which is never to wait."""
    return max(1, (os.cpu_count() or 1) - 2) if device == "cuda" else 1


class _Packed(IterableDataset[bytes]):
    """The share of a worker, as bytes: tensors would travel in shared memory, of which a container
    has little."""

    def __init__(self, draw: Callable[[int], object], first: int):
        self._draw = draw
        self._first = first

    def __iter__(self) -> Iterator[bytes]:
        worker = get_worker_info()
        at, stride = (0, 1) if worker is None else (worker.id, worker.num_workers)
        for index in count(self._first + at, stride):
            yield pickle.dumps(self._draw(index))

"""Reproducible batches for the reader: block ``b`` of the stream depends on the seed and ``b`` alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from skillweave.agent.nano.batches import IGNORE, shuffled
from skillweave.agent.nano.corpus import Conversation, planning
from skillweave.agent.nano.reader.pointers import END, pieces_of, pointers_of, words_of

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

LENGTHS: Final = (24, 40, 56, 80, 128, 176)
"""Of pieces, words and signs alike; longer examples are left out."""
BLOCK: Final = 4096
"""Examples of a block for each 4,096 tokens of a batch: what fills no batch is dropped."""


class Row(NamedTuple):
    """One question and its plan."""

    pieces: list[int]
    firsts: list[int]
    """Where each word begins."""
    signs: list[int]

    @property
    def length(self) -> int:
        return max(len(self.pieces), len(self.signs))


class Batch(NamedTuple):
    """See `Network.forward` for the first five."""

    ids: torch.Tensor
    mask: torch.Tensor
    firsts: torch.Tensor
    there: torch.Tensor
    before: torch.Tensor
    after: torch.Tensor
    """The sign to be said at each place, -100 beyond the end."""


def row_of(tokenizer: Tokenizer, asked: Conversation) -> Row | None:
    """An example as numbers; None where its plan says what its question does not."""
    words = words_of(asked.user)
    signs = pointers_of(asked.answer, words)
    if signs is None:
        return None
    return Row(*pieces_of(tokenizer, words), signs)


def block(tokenizer: Tokenizer, seed: int, index: int, tokens: int) -> list[Batch]:
    """The batches of block ``index``, in random order; leftovers of a length are dropped.

    Args:
        tokens: of a batch, padding included.
    """
    rng = random.Random(f"reader/{seed}/{index}")
    rows = _rows(tokenizer, rng, BLOCK * max(1, tokens // 4096))
    return [
        collate(chunk, length)
        for length, chunk in shuffled(rows, lambda row: row.length, LENGTHS, tokens, rng)
    ]


def _rows(tokenizer: Tokenizer, rng: random.Random, size: int) -> Iterator[Row]:
    for _ in range(size):
        row = row_of(tokenizer, planning(rng))
        if row is not None:
            yield row


def collate(rows: list[Row], length: int) -> Batch:
    """One batch of a fixed length."""
    import torch

    shape = (len(rows), length)
    ids, mask, firsts, before = (torch.zeros(shape, dtype=torch.long) for _ in range(4))
    there = torch.zeros(shape, dtype=torch.bool)
    after = torch.full(shape, IGNORE)
    for i, row in enumerate(rows):
        ids[i, : len(row.pieces)] = torch.tensor(row.pieces)
        mask[i, : len(row.pieces)] = 1
        firsts[i, : len(row.firsts)] = torch.tensor(row.firsts)
        there[i, : len(row.firsts)] = True
        after[i, : len(row.signs)] = torch.tensor(row.signs)
        before[i, : len(row.signs)] = torch.tensor([END, *row.signs[:-1]])
    return Batch(ids, mask, firsts, there, before, after)

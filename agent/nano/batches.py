"""Endless, reproducible training batches of a few fixed shapes.

A CPU is several times faster on shapes it has seen, so examples are sorted into buckets of fixed
length. The stream is cut into blocks; block ``b`` depends on the seed and ``b`` alone, which makes
resuming exact.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from skillweave.agent.nano.corpus import Conversation, conversation
from skillweave.agent.nano.tokenizer import END, prompt

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast

Row = TypeVar("Row")

LENGTHS: Final = (32, 48, 64, 80, 96, 112, 136, 168, 208, 256, 320)
BLOCK: Final = 8192
"""Examples of a block for each 8,192 tokens of a batch: what fills no batch is dropped."""
IGNORE: Final = -100


class Batch(NamedTuple):
    ids: torch.Tensor
    """int64 ``[rows, length]``, right-padded."""
    labels: torch.Tensor
    """int64 ``[rows, length]``: the next piece where it belongs to an answer, else -100."""


class Encoded(NamedTuple):
    ids: list[int]
    question: int
    """Number of pieces of the question."""


def encode(tokenizer: PreTrainedTokenizerFast, examples: list[Conversation]) -> list[Encoded]:
    """Pieces of question and answer."""
    questions = tokenizer([prompt(e.task, e.user) for e in examples], add_special_tokens=False)
    answers = tokenizer([e.answer + END for e in examples], add_special_tokens=False)
    return [
        Encoded(q + a, len(q))
        for q, a in zip(questions["input_ids"], answers["input_ids"], strict=True)
    ]


def collate(rows: list[Encoded], length: int, pad: int) -> Batch:
    """One batch of a fixed length."""
    import torch

    ids = torch.full((len(rows), length), pad)
    labels = torch.full((len(rows), length), IGNORE)
    for i, row in enumerate(rows):
        pieces = torch.tensor(row.ids)
        ids[i, : len(pieces)] = pieces
        labels[i, row.question - 1 : len(pieces) - 1] = pieces[row.question :]
    return Batch(ids, labels)


def block(
    tokenizer: PreTrainedTokenizerFast,
    seed: int,
    index: int,
    tokens_per_batch: int,
    draw: Callable[[random.Random], Conversation] = conversation,
) -> list[Batch]:
    """The batches of block ``index``, in random order; leftovers of a bucket are dropped."""
    rng = random.Random(f"{seed}/{index}")
    size = BLOCK * max(1, tokens_per_batch // 8192)
    rows = encode(tokenizer, [draw(rng) for _ in range(size)])
    pad = int(tokenizer.pad_token_id or 0)
    return [
        collate(chunk, length, pad)
        for length, chunk in shuffled(
            rows, lambda row: len(row.ids), LENGTHS, tokens_per_batch, rng
        )
    ]


def shuffled(
    rows: Iterable[Row],
    length_of: Callable[[Row], int],
    lengths: Sequence[int],
    tokens_per_batch: int,
    rng: random.Random,
) -> list[tuple[int, list[Row]]]:
    """Rows in batches, each with the length that all are padded to, in random order.

    What is longer than all ``lengths``, and what fills no batch, is dropped.
    """
    buckets: dict[int, list[Row]] = {length: [] for length in lengths}
    for row in rows:
        fitting = [length for length in lengths if length_of(row) <= length]
        if fitting:
            buckets[fitting[0]].append(row)
    batches: list[tuple[int, list[Row]]] = []
    for length, found in buckets.items():
        size = tokens_per_batch // length
        batches += [(length, found[at : at + size]) for at in range(0, len(found) - size + 1, size)]
    rng.shuffle(batches)
    return batches


def asked_pieces(labels: torch.Tensor) -> torch.Tensor:
    """Indices ``[m]`` of the pieces to learn, filled up to a multiple of 256 with others.

    A CPU compiles its kernels anew for every shape that it has not met.
    """
    import torch

    flat = labels.flatten()
    order = torch.argsort((flat == IGNORE).to(torch.int8), stable=True)
    wanted = int((flat != IGNORE).sum())
    return order[: min(len(flat), -(-wanted // 256) * 256)]

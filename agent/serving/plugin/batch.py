"""Which token of a batch belongs to which slot, and how the slots in use lie side by side.

vLLM keeps the factors of every adapter that a batch may use in a slot, padded to the largest rank
there may be. The arithmetic here works on the slots in use only, at their real ranks: their columns
are packed one after the other, and ``W[token, column]`` says what each counts for each token. One-hot
rows are plain adapters, rows of zeros are the base model, and a gate writes its weights into it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MANY = 96
"""Tokens of a run that are worth a few small products more."""
SPARE = 2
"""All occupied slots are packed as long as they have at most this many times the columns in use."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Slots side by side. Equal layouts hold equal content: a new adapter in a slot counts its version up."""

    slots: tuple[int, ...]
    ranks: tuple[int, ...]
    versions: tuple[int, ...]

    @property
    def columns(self) -> int:
        return sum(self.ranks)

    def start(self, slot: int) -> int:
        """The first column of a slot."""
        return sum(self.ranks[: self.slots.index(slot)])

    def rank(self, slot: int) -> int:
        """The columns of a slot."""
        return self.ranks[self.slots.index(slot)]

    def slot_of_columns(self) -> list[int]:
        """The slot of every column."""
        return [s for s, rank in zip(self.slots, self.ranks, strict=True) for _ in range(rank)]


@dataclass(frozen=True)
class Plan:
    """What a forward pass needs to know of its batch."""

    tokens: Tensor
    """``[tokens]``: the slot of each, -1 for the base model."""
    active: tuple[int, ...]
    """The slots in use."""
    layout: Layout
    _weights: dict[torch.dtype, Tensor] = field(default_factory=dict)
    _indices: dict[int, Tensor] = field(default_factory=dict)

    @cached_property
    def uniform(self) -> bool:
        """Whether every token uses the one adapter that is packed."""
        slots = self.layout.slots
        return len(slots) == 1 and bool((self.tokens == slots[0]).all())

    @cached_property
    def runs(self) -> tuple[tuple[int, int, int], ...]:
        """Neighbouring tokens of one adapter: the slot, the first of them, and the one after the last."""
        found, first = [], 0
        for slot, tokens in groupby(self.tokens.tolist()):
            last = first + len(list(tokens))
            if slot in self.active:
                found.append((slot, first, last))
            first = last
        return tuple(found)

    @cached_property
    def in_runs(self) -> bool:
        """Whether there are several adapters with runs so long that each is better computed apart."""
        return len(self.active) > 1 and len(self.tokens) >= MANY * len(self.runs)

    def weights(self, dtype: torch.dtype) -> Tensor:
        """``W [tokens, columns]``, before any gate. Not to be changed."""
        if dtype not in self._weights:
            self._weights[dtype] = weights_of(self.tokens, self.layout, dtype)
        return self._weights[dtype]

    def tokens_of(self, slot: int) -> Tensor:
        """The indices of the tokens that use a slot."""
        if slot not in self._indices:
            self._indices[slot] = (self.tokens == slot).nonzero().squeeze(1)
        return self._indices[slot]


def weights_of(tokens: Tensor, layout: Layout, dtype: torch.dtype) -> Tensor:
    """``[tokens, columns]``: 1 where the column belongs to the token's slot, else 0."""
    columns = tokens.new_tensor(layout.slot_of_columns())
    return (tokens.unsqueeze(1) == columns).to(dtype)


class Batch:
    """The slots, and the tokens of the batch that runs. One for each of vLLM's punica wrappers."""

    def __init__(self, slots: int) -> None:
        self._ranks = [0] * slots
        self._versions = [0] * slots
        self._tokens: Tensor | None = None
        self._plan: Plan | None = None

    def occupy(self, slot: int, rank: int) -> None:
        """An adapter of that rank was put into the slot."""
        self._ranks[slot] = rank
        self._versions[slot] += 1
        self._plan = None

    def update(self, tokens: Tensor) -> None:
        """The slots of the tokens that come next."""
        self._tokens = tokens
        self._plan = None

    @property
    def plan(self) -> Plan:
        """Made when it is first asked for: vLLM calls `update` for batches that never run, too."""
        if self._plan is None:
            if self._tokens is None:
                raise RuntimeError("vLLM ran a layer before it said which adapters the batch uses")
            slots = sorted(set(self._tokens.tolist()))
            active = tuple(slot for slot in slots if slot >= 0 and self._ranks[slot])
            self._plan = Plan(self._tokens, active, self._layout(active))
        return self._plan

    def _layout(self, active: tuple[int, ...]) -> Layout:
        """All occupied slots, so that it seldom changes; only those in use when that is far less."""
        occupied = tuple(slot for slot, rank in enumerate(self._ranks) if rank)
        needed = sum(self._ranks[slot] for slot in active)
        slots = occupied if sum(self._ranks) <= SPARE * needed else active
        return Layout(
            slots,
            tuple(self._ranks[slot] for slot in slots),
            tuple(self._versions[slot] for slot in slots),
        )

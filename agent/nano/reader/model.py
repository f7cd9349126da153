"""The reader's network in torch, as it is trained: MiniLM with LoRA, and a decoder that points.

`skillweave.agent.nano.reader.network` runs the same decoder in numpy; a test compares the two.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from skillweave.agent.nano.reader.network import HEADS, PLACE_SCALE
from skillweave.agent.nano.reader.pointers import POINT
from skillweave.store.minilm_torch import tunable_minilm

ENCODED: Final = 384
WIDTH: Final = 384
INNER: Final = 1152
LAYERS: Final = 4
RANK: Final = 64
NOWHERE: Final = -1e4


class Attention(nn.Module):
    """Looks from ``x [n, length, WIDTH]`` at ``memory [n, words, WIDTH]``.

    Not by torch's fused attention: its backward pass takes longer on a CPU than all the rest.
    """

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH)
        self.value = nn.Linear(WIDTH, WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor, memory: Tensor, bias: Tensor) -> Tensor:
        """``bias`` hides what must not be seen."""

        def heads(y: Tensor) -> Tensor:
            return y.view(*y.shape[:-1], HEADS, -1).transpose(1, 2)

        query, key = heads(self.query(x)), heads(self.key(memory))
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]) + bias
        mixed = scores.softmax(-1) @ heads(self.value(memory))
        y: Tensor = self.out(mixed.transpose(1, 2).flatten(-2))
        return y


class Layer(nn.Module):
    """One layer of the decoder, norms first."""

    def __init__(self) -> None:
        super().__init__()
        self.own = Attention()
        self.cross = Attention()
        self.inner = nn.Linear(WIDTH, INNER)
        self.outer = nn.Linear(INNER, WIDTH)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3))

    def forward(self, x: Tensor, memory: Tensor, hidden: Tensor, later: Tensor) -> Tensor:
        """``hidden`` and ``later`` hide padding and what comes after."""
        normed = self.norms[0](x)
        x = x + self.own(normed, normed, later)
        x = x + self.cross(self.norms[1](x), memory, hidden)
        more: Tensor = self.outer(functional.gelu(self.inner(self.norms[2](x))))
        return x + more


class Network(nn.Module):
    """Encoder and decoder; only LoRA and the decoder are trained."""

    encoder: Any
    places: Tensor

    def __init__(self, encoder: Path, longest: int):
        """
        Args:
            encoder: folder of MiniLM.
            longest: words of a question, and signs of a plan, at most.
        """
        super().__init__()
        self.encoder = tunable_minilm(encoder, RANK)
        self.project = nn.Linear(ENCODED, WIDTH)
        self.signs = nn.Embedding(POINT, WIDTH)
        nn.init.normal_(self.signs.weight, std=WIDTH**-0.5)
        self.copied = nn.Linear(WIDTH, WIDTH)
        self.following = nn.Linear(WIDTH, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.ask = nn.Linear(WIDTH, WIDTH)
        self.offer = nn.Linear(WIDTH, WIDTH)
        self.register_buffer("places", _places(longest), persistent=False)

    def forward(
        self, ids: Tensor, mask: Tensor, firsts: Tensor, there: Tensor, before: Tensor
    ) -> Tensor:
        """Logits of the next sign.

        Args:
            ids, mask: pieces ``[n, pieces]`` and which of them are there.
            firsts, there: the first piece of each word ``[n, words]``, and which words are there.
            before: the signs so far ``[n, length]``, shifted by one.

        Returns:
            ``[n, length, POINT + words]``.
        """
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        picked = states.gather(1, firsts.unsqueeze(-1).expand(-1, -1, ENCODED))
        memory = self.project(picked) + self.places[: firsts.shape[1]]
        hidden = torch.zeros_like(there, dtype=memory.dtype).masked_fill(~there, NOWHERE)
        later = memory.new_full((before.shape[1],) * 2, NOWHERE).triu(1)
        x = self._said(memory, before) + self.places[: before.shape[1]]
        for layer in self.layers:
            x = layer(x, memory, hidden[:, None, None], later)
        x = self.norm(x)
        points = self.ask(x) @ self.offer(memory).transpose(1, 2) / math.sqrt(x.shape[-1])
        points = points.masked_fill(~there[:, None], NOWHERE)
        return torch.cat([x @ self.signs.weight.T, points], -1)

    def _said(self, memory: Tensor, before: Tensor) -> Tensor:
        """Signs as vectors; a pointer is the word it copied and the one that follows there."""
        following = functional.pad(memory[:, 1:], (0, 0, 0, 1))
        words = self.copied(memory) + self.following(following)
        at = (before - POINT).clamp(min=0).unsqueeze(-1).expand(-1, -1, memory.shape[-1])
        sign = self.signs(before.clamp(max=POINT - 1))
        return torch.where((before >= POINT).unsqueeze(-1), words.gather(1, at), sign)

    def trained(self) -> dict[str, Tensor]:
        """What training changes, under the names that the numpy network uses."""
        return {
            name.removeprefix("encoder."): parameter
            for name, parameter in self.named_parameters()
            if parameter.requires_grad
        }


def _places(length: int) -> Tensor:
    """Sinusoids ``[length, WIDTH]``."""
    rates = torch.exp(torch.arange(0, WIDTH, 2) * (-math.log(10_000.0) / WIDTH))
    angles = torch.arange(length).unsqueeze(1) * rates
    return PLACE_SCALE * torch.stack([angles.sin(), angles.cos()], -1).flatten(1)

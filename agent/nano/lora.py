"""Training a LoRA adapter on a local model (LoRA: https://arxiv.org/abs/2106.09685).

The base is frozen and its layers compute in bfloat16; the factors have float32 masters, which one fused
step updates.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from skillweave.agent.nano.adapted import (
    ROWS,
    adding,
    layers_of,
    length_of,
    load_base,
    precision_of,
)
from skillweave.agent.nano.batches import IGNORE, Batch, Encoded, collate, encode
from skillweave.agent.nano.corpus import Conversation
from skillweave.agent.nano.train import TrainProgress
from skillweave.skills.factors import Adapter, Factors, write_adapter

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

BASE: Final = "nano"
WARM_UP: Final = 0.05
BLOCK: Final = 1024


@dataclass(frozen=True)
class LoraRecipe:
    """What an adapter's training depends on, besides its pairs."""

    rank: int = 32
    tokens: int = 400_000
    """Pieces seen, padding included."""
    tokens_per_batch: int = 384
    """Few: an adapter that must learn where to look needs many steps."""
    rate: float = 3e-3
    b_rate: float = 2.0
    """Rate of ``b`` as a multiple of that of ``a`` (LoRA+: https://arxiv.org/abs/2402.12354)."""
    seed: int = 1


def rate_at(done: float) -> float:
    """The share of the full rate after the share ``done`` of all tokens: up, then down to zero.

    >>> [round(rate_at(x), 2) for x in (0.0, 0.025, 0.05, 0.525, 1.0)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return max(0.0, min(done / WARM_UP, (1.0 - done) / (1.0 - WARM_UP)))


def as_conversation(input: str, output: str) -> Conversation:
    """A pair in nano's ``do`` language, as the agent will ask it."""
    return Conversation("do", " " + input, " " + output)


class Lora:
    """Trainable factors on a frozen model; a context manager that leaves the model as it was."""

    def __init__(
        self, model: PreTrainedModel, recipe: LoraRecipe, start: Adapter | None = None
    ) -> None:
        """Draw ``a`` at random with ``b`` at zero, or begin from an adapter of at most that rank."""
        import torch

        self.model, self.recipe = model, recipe
        generator = torch.Generator().manual_seed(recipe.seed)
        self._layers = layers_of(model)
        masters = [
            tensor
            for name, layer in self._layers.items()
            for tensor in _first(layer, recipe.rank, (start or {}).get(name), generator)
        ]
        self._masters = [tensor.requires_grad_() for tensor in masters]
        self._working = [t.detach().to(torch.bfloat16).requires_grad_() for t in masters]
        groups = [
            {"params": self._masters[0::2], "scale": 1.0},
            {"params": self._masters[1::2], "scale": recipe.b_rate},
        ]
        self._optimizer = torch.optim.AdamW(
            groups, lr=recipe.rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True
        )
        pairs = zip(self._working[0::2], self._working[1::2], strict=True)
        self._hooks = [
            layer.register_forward_hook(adding(a, b))
            for layer, (a, b) in zip(self._layers.values(), pairs, strict=True)
        ]

    def __enter__(self) -> Lora:
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def step(self, batch: Batch, share: float) -> float:
        """One step at a share of the full rate; returns the loss before it."""
        import torch

        loss = loss_of(self.model, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        for master, working in zip(self._masters, self._working, strict=True):
            master.grad = working.grad.float() if working.grad is not None else None
            working.grad = None
        torch.nn.utils.clip_grad_norm_(self._masters, 1.0)
        for group in self._optimizer.param_groups:
            group["lr"] = self.recipe.rate * group["scale"] * share
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            torch._foreach_copy_(self._working, self._masters)
        return loss.item()

    def adapter(self) -> dict[str, Factors]:
        """A copy of the factors as they are now, as a file will hold them."""
        import torch

        kept = [t.detach().to(torch.bfloat16) for t in self._masters]
        pairs = zip(kept[0::2], kept[1::2], strict=True)
        return {name: Factors(a, b) for name, (a, b) in zip(self._layers, pairs, strict=True)}


def loss_of(model: PreTrainedModel, batch: Batch) -> Tensor:
    """Mean cross-entropy of the pieces of the answers; the head works on these alone."""
    import torch

    with precision_of(model):
        logits, labels = _answers(model, batch)
    return torch.nn.functional.cross_entropy(logits.float(), labels, ignore_index=IGNORE)


def mean_loss(model: PreTrainedModel, rows: Sequence[Encoded], pad: int) -> float:
    """`loss_of` over all rows, without a gradient."""
    import torch

    order = sorted(rows, key=lambda row: len(row.ids))
    total = weight = 0.0
    with torch.inference_mode():
        for at in range(0, len(order), ROWS):
            chunk = order[at : at + ROWS]
            batch = collate(chunk, length_of(chunk), pad)
            pieces = int((batch.labels != IGNORE).sum())
            total += pieces * float(loss_of(model, batch))
            weight += pieces
    return total / weight


def batches(rows: Sequence[Encoded], tokens: int, pad: int, rng: random.Random) -> list[Batch]:
    """All rows once in random batches of a few shapes; some come twice, to fill the last batch up."""
    buckets: dict[int, list[Encoded]] = {}
    for row in rows:
        buckets.setdefault(length_of([row]), []).append(row)
    made: list[Batch] = []
    waiting: list[Encoded] = []
    for length in sorted(buckets):
        waiting += buckets[length]
        size = max(1, tokens // length)
        if len(waiting) * 2 < size and length != max(buckets):
            continue  # too few for a batch of their own: they go with the longer ones
        rng.shuffle(waiting)
        waiting += rng.choices(waiting, k=-len(waiting) % size)
        made += [
            collate(waiting[at : at + size], length, pad) for at in range(0, len(waiting), size)
        ]
        waiting = []
    rng.shuffle(made)
    return made


def train_adapter(
    base: Path,
    draw: Callable[[random.Random], Conversation],
    out: Path,
    recipe: LoraRecipe | None = None,
    *,
    threads: int = 1,
    progress: Callable[[TrainProgress], None] = lambda _: None,
) -> None:
    """Train an adapter of nano on endless pairs and write it in PEFT's format to ``out``.

    Args:
        draw: one training pair from a random source.
    """
    import torch
    from transformers import PreTrainedTokenizerFast

    recipe = recipe or LoraRecipe()
    torch.set_num_threads(threads)
    tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(base)
    tokens, losses, started = 0, list[float](), time.monotonic()
    with Lora(load_base(base), recipe) as lora:
        for batch in _endless(tokenizer, draw, recipe):
            if tokens >= recipe.tokens:
                break
            tokens += batch.ids.numel()
            losses = [*losses[-29:], lora.step(batch, rate_at(tokens / recipe.tokens))]
            mean, speed = sum(losses) / len(losses), tokens / (time.monotonic() - started)
            progress(TrainProgress(tokens, recipe.tokens, mean, speed))
        write_adapter(lora.adapter(), out, base_model=BASE)


def _endless(
    tokenizer: PreTrainedTokenizerFast,
    draw: Callable[[random.Random], Conversation],
    recipe: LoraRecipe,
) -> Iterator[Batch]:
    rng = random.Random(recipe.seed)
    pad = int(tokenizer.pad_token_id or 0)
    while True:
        rows = encode(tokenizer, [draw(rng) for _ in range(BLOCK)])
        yield from batches(rows, recipe.tokens_per_batch, pad, rng)


def _answers(model: PreTrainedModel, batch: Batch) -> tuple[Tensor, Tensor]:
    """Logits and labels of the pieces of the answers, filled up to a multiple of 64."""
    import torch

    flat = batch.labels.flatten()
    order = torch.argsort((flat == IGNORE).to(torch.int8), stable=True)
    asked = order[: -(-int((flat != IGNORE).sum()) // 64) * 64]
    body: Any = model.base_model
    hidden = body(input_ids=batch.ids, use_cache=False).last_hidden_state
    head: Any = model.get_output_embeddings()
    return head(hidden.flatten(0, 1)[asked]), flat[asked]


def _first(
    layer: torch.nn.Linear, rank: int, start: Factors | None, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """``a [rank, in]`` and ``b [out, rank]``; what a start of a lower rank leaves free is as usual."""
    import torch

    a = torch.rand(rank, layer.in_features, generator=generator) * 2 - 1
    a *= layer.in_features**-0.5
    b = torch.zeros(layer.out_features, rank)
    if start is not None:
        a[: start.rank], b[:, : start.rank] = start.a.float(), start.b.float()
    return a, b

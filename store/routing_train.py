"""Train how requests are read for the router: ``python -m skillweave.store.routing_train``.

It takes some 15 minutes on one core. LoRA in MiniLM and one row of weights per skill (which is thrown
away: `learned.train_router` fits those of each library) learn to tell which built-in skill an example
request belongs to. One example of ten is kept out, for the mixer and for the figure that is printed.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from pydantic import JsonValue
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from skillweave.skills.model import Case, Skill
from skillweave.store.embed import WIDTH, model_folder
from skillweave.store.learned import SCALE
from skillweave.store.minilm_torch import rate_share, tunable_minilm
from skillweave.store.prepare import builtin_skills
from skillweave.store.routing import FILE, SEEN, mark_of
from skillweave.store.views import DESCRIBING, views_of

LONGEST = 48
"""Tokens of a request."""
SHOWN = 48
"""Characters of a value that stands in a request."""


@dataclass(frozen=True)
class Recipe:
    """What a run depends on, besides code and skills."""

    rank: int = 16
    epochs: float = 8.0
    batch: int = 32
    rate: float = 1e-3
    rows_rate: float = 4e-3
    """For the rows of weights per skill."""
    warm: float = 0.03
    """Share of the steps over which the rates rise."""
    flat: float = 0.3
    """Share of the steps after which the rates fall to 0, along a cosine."""
    weight_decay: float = 0.05
    dropout: float = 0.1
    smoothing: float = 0.05
    with_values: float = 0.3
    """Share of the requests that show values of a case, as a plan's steps do."""
    held_out: int = 10
    """One of so many requests is kept out."""
    seed: int = 1


class Example(NamedTuple):
    """A text that belongs to a skill."""

    skill: int
    text: str


def examples_of(skills: Sequence[Skill], recipe: Recipe) -> tuple[list[Example], list[Example]]:
    """What is trained on, descriptions among it, and the requests kept out."""
    told = [
        Example(at, view.text)
        for at, skill in enumerate(skills)
        for view in views_of(skill)
        if view.label in DESCRIBING
    ]
    asked = [Example(at, text) for at, skill in enumerate(skills) for text in skill.requests]
    out = {one for one in asked if mark_of(one.text) % recipe.held_out == 0}
    return told + [one for one in asked if one not in out], sorted(out)


class Network(nn.Module):
    """``[n, length]`` tokens to ``[n, skills]`` logits."""

    def __init__(self, recipe: Recipe, skills: int):
        super().__init__()
        self.encoder = tunable_minilm(model_folder(), recipe.rank)
        self.rows = nn.Linear(WIDTH, skills)
        nn.init.zeros_(self.rows.weight)
        self.dropout = nn.Dropout(recipe.dropout)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        mean = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        unit = functional.normalize(mean.float(), dim=-1)
        logits: Tensor = self.rows(self.dropout(unit * SCALE))
        return logits


class Texts:
    """Requests as tokens."""

    def __init__(self, skills: Sequence[Skill], recipe: Recipe):
        self._cases = [skill.cases for skill in skills]
        self._share = recipe.with_values
        self._tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)

    def with_values(self, example: Example, chance: random.Random) -> str:
        """The request, at times with values of a case before or after it."""
        cases = self._cases[example.skill]
        if not cases or chance.random() >= self._share:
            return example.text
        shown = _shown(chance.choice(cases), chance)
        parts = [example.text, shown] if chance.random() < 0.7 else [shown, example.text]
        return " ".join(parts).strip()

    def tensors(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Tokens and mask ``[n, length]``; the lengths are multiples of 8."""
        tokens = [self._tokenizer.encode(text).ids for text in texts]
        length = -(-max(map(len, tokens)) // 8) * 8
        ids, mask = (
            torch.zeros(len(tokens), length, dtype=torch.long),
            torch.zeros(len(tokens), length),
        )
        for row, said in enumerate(tokens):
            ids[row, : len(said)] = torch.tensor(said)
            mask[row, : len(said)] = 1.0
        return ids, mask


def _shown(case: Case, chance: random.Random) -> str:
    """One or two values of a case."""
    if case.input is not None:
        return case.input[:SHOWN]
    values = list(case.arguments.values())[: 1 if chance.random() < 0.6 else 2]
    return " ".join(_said(value, chance)[:SHOWN] for value in values)


def _said(value: JsonValue, chance: random.Random) -> str:
    if isinstance(value, list) and chance.random() < 0.7:
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


def train(recipe: Recipe) -> Iterator[str]:
    """Write `FILE`; yields lines that say how far it is."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)
    skills = builtin_skills()
    texts = Texts(skills, recipe)
    examples, out = examples_of(skills, recipe)
    network = Network(recipe, len(skills))
    lora = {k: p for k, p in network.encoder.named_parameters() if p.requires_grad}
    rates = {recipe.rate: list(lora.values()), recipe.rows_rate: list(network.rows.parameters())}
    optimizer = torch.optim.AdamW(
        [{"params": some, "top": rate} for rate, some in rates.items()],
        lr=0.0,
        weight_decay=recipe.weight_decay,
    )
    chance = random.Random(recipe.seed)
    steps = int(recipe.epochs * len(examples) / recipe.batch)
    started = time.monotonic()
    for step, batch in zip(range(steps), _batches(examples, recipe.batch, chance), strict=False):
        share = rate_share(step / steps, recipe.warm, recipe.flat)
        for group in optimizer.param_groups:
            group["lr"] = group["top"] * share
        ids, mask = texts.tensors([texts.with_values(one, chance) for one in batch])
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(ids, mask)
        loss = functional.cross_entropy(
            logits.float(),
            torch.tensor([one.skill for one in batch]),
            label_smoothing=recipe.smoothing,
        )
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([p for some in rates.values() for p in some], 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if (step + 1) % 100 == 0:
            minutes = (time.monotonic() - started) / 60
            yield f"{step + 1} of {steps} steps, {minutes:.1f} minutes, loss {loss.item():.3f}"
    seen = np.array(sorted(mark_of(one.text) for one in examples), np.int64)
    half = {name: parameter.detach().numpy().astype(np.float16) for name, parameter in lora.items()}
    np.savez(FILE, allow_pickle=False, **half, **{SEEN: seen})
    yield f"{FILE}: {_share_right(network, texts, out):.1%} of {len(out)} requests kept out are told"


def _batches(
    examples: Sequence[Example], size: int, chance: random.Random
) -> Iterator[list[Example]]:
    while True:
        mixed = chance.sample(examples, len(examples))
        for at in range(0, len(mixed) - size + 1, size):
            yield mixed[at : at + size]


def _share_right(network: Network, texts: Texts, out: Sequence[Example]) -> float:
    network.eval()
    right = 0
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for at in range(0, len(out), 64):
            part = out[at : at + 64]
            told = network(*texts.tensors([one.text for one in part])).argmax(-1)
            right += int((told == torch.tensor([one.skill for one in part])).sum())
    return right / len(out)


if __name__ == "__main__":
    for line in train(Recipe()):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

"""What the serving benchmark serves and asks: random models, random adapters, seeded requests."""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping
from pathlib import Path

from skillweave.agent.serving.weights import NANO
from skillweave.skills.factors import Factors, write_adapter
from skillweave.skills.model import Frozen

RANK = 8
"""Of every adapter; the servers make room for `MAX_RANK`."""
MAX_RANK = 16
SLOTS = 8
"""Different adapters in one batch."""
BATCH = 64
"""Requests in one batch."""


class Shape(Frozen):
    """A model of the Llama architecture."""

    layers: int
    hidden: int
    inner: int
    heads: int
    words: int

    @property
    def linear(self) -> dict[str, tuple[int, int]]:
        """The linear layers of a block: ``(out, in)``."""
        own = {f"self_attn.{name}_proj": (self.hidden, self.hidden) for name in "qkvo"}
        wide = {f"mlp.{name}_proj": (self.inner, self.hidden) for name in ("gate", "up")}
        return {**own, **wide, "mlp.down_proj": (self.hidden, self.inner)}


SHAPES: Mapping[str, Shape] = {
    "4m": Shape(layers=4, hidden=256, inner=704, heads=8, words=3072),  # that of nano
    "12m": Shape(layers=6, hidden=384, inner=1024, heads=6, words=4096),
    "90m": Shape(layers=12, hidden=768, inner=2048, heads=12, words=8192),
}


class Load(Frozen):
    """Requests that are put at once; all answers are of the same length."""

    name: str
    prompts: tuple[tuple[int, ...], ...]
    adapters: tuple[str, ...]
    """What every request asks for; empty for the base model."""
    tokens: int
    """Of every answer."""

    @property
    def base(self) -> Load:
        """The same requests to the base model."""
        return self.model_copy(update={"adapters": ("",) * len(self.adapters)})


def adapter_names(count: int) -> list[str]:
    """The first adapters of the library."""
    return [f"skill-{index}" for index in range(count)]


def even(name: str, adapters: int, *, requests: int, prompt: int, tokens: int, seed: int) -> Load:
    """Requests for ``adapters`` in turn."""
    names = adapter_names(adapters)
    wanted = tuple(names[index % adapters] for index in range(requests))
    return Load(name=name, prompts=_prompts(requests, prompt, seed), adapters=wanted, tokens=tokens)


def skewed(name: str, adapters: int, *, requests: int, prompt: int, tokens: int, seed: int) -> Load:
    """Requests for adapters drawn by Zipf's law: the second is asked for half as often as the first."""
    weights = [1 / (place + 1) for place in range(adapters)]
    wanted = random.Random(seed).choices(adapter_names(adapters), weights, k=requests)
    return Load(
        name=name, prompts=_prompts(requests, prompt, seed), adapters=tuple(wanted), tokens=tokens
    )


def _prompts(requests: int, length: int, seed: int) -> tuple[tuple[int, ...], ...]:
    draw = random.Random(seed)
    return tuple(tuple(draw.choices(range(3, 1000), k=length)) for _ in range(requests))


def write_model(folder: Path, shape: Shape, seed: int) -> None:
    """A model with random weights in bfloat16 and nano's tokenizer.

    What is measured does not depend on their values.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=shape.words,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    for file in NANO.glob("tokenizer*.json"):
        shutil.copy(file, folder)


def write_library(root: Path, shape: Shape, adapters: int, seed: int) -> None:
    """A library of adapters of all linear layers."""
    import torch

    for index, name in enumerate(adapter_names(adapters)):
        generator = torch.Generator().manual_seed(seed * 1000 + index)

        def randn(rows: int, columns: int, generator: torch.Generator = generator) -> torch.Tensor:
            values = torch.randn(rows, columns, generator=generator)
            return values.div(columns**0.5).to(torch.bfloat16)

        factors = {
            f"model.layers.{layer}.{module}": Factors(randn(RANK, inputs), randn(outputs, RANK))
            for layer in range(shape.layers)
            for module, (outputs, inputs) in shape.linear.items()
        }
        skill = root / "skills" / name
        write_adapter(factors, skill / "adapter")
        text = f"---\nname: {name}\ndescription: random\n---\n"
        (skill / "SKILL.md").write_text(text, encoding="utf-8")

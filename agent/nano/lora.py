"""Training a LoRA adapter on nano from input/output pairs (LoRA: https://arxiv.org/abs/2106.09685)."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skillweave.agent.nano.batches import asked_pieces, block
from skillweave.agent.nano.corpus import Conversation
from skillweave.agent.nano.train import TrainProgress

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

BASE: Final = "nano"
TARGETS: Final = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


WARM_UP: Final = 0.05


def rate_at(done: float) -> float:
    """The share of the full rate after the share ``done`` of all tokens: up, then down to zero.

    >>> [round(rate_at(x), 2) for x in (0.0, 0.025, 0.05, 0.525, 1.0)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return max(0.0, min(done / WARM_UP, (1.0 - done) / (1.0 - WARM_UP)))


@dataclass(frozen=True)
class LoraRecipe:
    """What an adapter's training depends on, besides its pairs."""

    rank: int = 32
    alpha: int = 64
    tokens: int = 400_000
    tokens_per_batch: int = 384
    """Few: an adapter that must learn where to look needs many steps."""
    rate: float = 3e-3
    seed: int = 1


def as_conversation(input: str, output: str) -> Conversation:
    """A pair in nano's ``do`` language, as the agent will ask it."""
    return Conversation("do", " " + input, " " + output)


def _name_base(config: Path) -> None:
    """Name the base model; PEFT writes the folder it was loaded from."""
    said = json.loads(config.read_text("utf-8"))
    said["base_model_name_or_path"] = BASE
    config.write_text(json.dumps(said, indent=2) + "\n", "utf-8")


def train_adapter(
    base: Path,
    draw: Callable[[random.Random], Conversation],
    out: Path,
    recipe: LoraRecipe | None = None,
    *,
    threads: int = 1,
    progress: Callable[[TrainProgress], None] = lambda _: None,
) -> LlamaForCausalLM:
    """Train an adapter and write it in PEFT's format to ``out``; returns the adapted model.

    Args:
        draw: one training pair from a random source.
    """
    import peft
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    recipe = recipe or LoraRecipe()
    torch.set_num_threads(threads)
    torch.manual_seed(recipe.seed)
    tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(base)
    plain = LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    settings = peft.LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        target_modules=TARGETS,
        task_type="CAUSAL_LM",
    )
    model = peft.get_peft_model(plain, settings)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.rate, betas=(0.9, 0.98), weight_decay=0.0)
    tokens, index, losses, started = 0, 0, list[float](), time.monotonic()
    while tokens < recipe.tokens:
        for batch in block(tokenizer, recipe.seed, index, recipe.tokens_per_batch, draw):
            share = rate_at((tokens + batch.ids.numel()) / recipe.tokens)
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate * share
            with torch.autocast("cpu", dtype=torch.bfloat16):
                hidden = plain.model(input_ids=batch.ids, use_cache=False).last_hidden_state
                asked = asked_pieces(batch.labels)
                logits = plain.lm_head(hidden.flatten(0, 1)[asked])
            labels = batch.labels.flatten()[asked]
            loss = torch.nn.functional.cross_entropy(logits.float(), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            tokens += batch.ids.numel()
            losses.append(loss.item())
            recent = losses[-30:]
            progress(
                TrainProgress(
                    tokens,
                    recipe.tokens,
                    sum(recent) / len(recent),
                    tokens / (time.monotonic() - started),
                )
            )
            if tokens >= recipe.tokens:
                break
        index += 1
    model.to(torch.bfloat16).save_pretrained(out)
    (out / "README.md").unlink(missing_ok=True)
    _name_base(out / "adapter_config.json")
    return plain.to(torch.float32)

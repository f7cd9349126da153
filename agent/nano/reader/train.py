"""The recipe of the reader: LoRA on MiniLM and a decoder from scratch, on the plans of nano's corpus."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from skillweave.agent.nano.ahead import drawn_ahead, usual_workers
from skillweave.agent.nano.batches import IGNORE
from skillweave.agent.nano.reader import WEIGHTS
from skillweave.agent.nano.reader.batches import LENGTHS, Batch, block
from skillweave.agent.nano.reader.model import Network
from skillweave.agent.nano.reader.pointers import open_tokenizer
from skillweave.agent.nano.train import LOG, TrainProgress, read_log, read_state, write_state
from skillweave.store.embed import model_folder
from skillweave.store.minilm_torch import rate_share


@dataclass(frozen=True)
class Recipe:
    """What a run depends on, besides the code."""

    examples: int = 210_000
    batch: int = 1600
    """Tokens of a batch, padding included."""
    rate: float = 1.5e-3
    warm: float = 0.01
    """Share of the examples over which the rate rises."""
    flat: float = 0.4
    """Share of the examples after which it falls to 0, along a cosine."""
    weight_decay: float = 0.01
    seed: int = 1

    def rate_at(self, examples: int) -> float:
        """The learning rate after so many examples.

        >>> recipe = Recipe(examples=100, rate=1.0, warm=0.1, flat=0.5)
        >>> [round(recipe.rate_at(n), 2) for n in (0, 5, 10, 50, 75, 100)]
        [0.0, 0.5, 1.0, 1.0, 0.5, 0.0]
        """
        done = min(1.0, examples / self.examples)
        return self.rate * rate_share(done, self.warm, self.flat)


class ReaderTrainer:
    """Network, optimiser and position in the stream; can be saved and taken up again.

    ``start`` is the folder of a finished reader to go on from; None starts with a fresh decoder.
    """

    def __init__(
        self, recipe: Recipe, out: Path, threads: int, *, start: Path | None = None
    ) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(recipe.seed)
        self.recipe, self.out = recipe, out
        folder = model_folder()
        self.tokenizer = open_tokenizer(folder)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.network = Network(folder, max(LENGTHS)).to(self.device)
        self.continues = None if start is None else self._take_up(start)
        self.optimizer = torch.optim.AdamW(
            self.network.trained().values(),
            lr=0.0,
            betas=(0.9, 0.98),
            weight_decay=recipe.weight_decay,
            fused=self.device == "cuda",
        )
        self.examples, self.block, self.losses = 0, 0, list[float]()

    def _take_up(self, folder: Path) -> dict[str, Any]:
        """Take the weights of an earlier training; returns what they were trained on."""
        log = read_log(folder)
        self._set(load_file(folder / WEIGHTS.name))
        return log

    def _set(self, weights: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.network.trained().items():
                parameter.copy_(weights[name])

    def step(self, batch: Batch) -> Tensor:
        """One update; returns the loss in nats per sign, a scalar on the device."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate_at(self.examples + len(batch.ids))
        *asked, after = (tensor.to(self.device, non_blocking=True) for tensor in batch)
        with torch.autocast(self.device, torch.bfloat16):
            logits = self.network(*asked)
        loss = functional.cross_entropy(
            logits.float().flatten(0, 1), after.flatten(), ignore_index=IGNORE
        )
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.trained().values(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.examples += len(batch.ids)
        return loss.detach()

    def run(self, progress: Callable[[TrainProgress], None], workers: int) -> None:
        """Train to the end of the recipe, saving after every block."""
        started, at_start = time.monotonic(), self.examples
        self.network.train()
        draw = partial(block, self.tokenizer, self.recipe.seed, tokens=self.recipe.batch)
        for batches in drawn_ahead(draw, self.block, workers):
            for batch in batches:
                self.losses.append(float(self.step(batch)))
                recent = self.losses[-50:]
                speed = (self.examples - at_start) / (time.monotonic() - started)
                loss = sum(recent) / len(recent)
                progress(
                    TrainProgress(self.examples, self.recipe.examples, loss, speed, "examples")
                )
                if self.examples >= self.recipe.examples:
                    return
            self.block += 1
            self.save()

    def save(self) -> None:
        """Write the state so that a kill at any moment leaves the last complete one."""
        state = {
            "recipe": asdict(self.recipe),
            "trained": self.network.trained(),
            "optimizer": self.optimizer.state_dict(),
            "examples": self.examples,
            "block": self.block,
            "losses": self.losses,
            "chance": torch.get_rng_state(),
            "continues": self.continues,
        }
        write_state(self.out, state)

    def resume(self) -> None:
        """Take up the run that ``out`` holds.

        Raises:
            SettingsError: there is none, or it followed another recipe.
        """
        recipe = asdict(self.recipe)
        state = read_state(self.out, lambda old: old["recipe"] == recipe, self.device)
        self._set(state["trained"])
        self.continues = state["continues"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.examples, self.block, self.losses = state["examples"], state["block"], state["losses"]
        torch.set_rng_state(state["chance"].cpu())

    def export(self) -> None:
        """Write the weights in half precision, and what they were trained on."""
        half = {k: v.detach().cpu().half() for k, v in self.network.trained().items()}
        save_file(half, self.out / WEIGHTS.name)
        recent = self.losses[-200:]
        log = {
            **asdict(self.recipe),
            "parameters": sum(v.numel() for v in half.values()),
            "final_loss": sum(recent) / max(1, len(recent)),
            "torch": torch.__version__,
            "continues": self.continues,
        }
        (self.out / LOG).write_text(json.dumps(log, indent=2) + "\n", "utf-8")


def train_reader(
    out: Path,
    recipe: Recipe | None = None,
    *,
    start: Path | None = None,
    resume: bool = False,
    threads: int = 1,
    workers: int | None = None,
    progress: Callable[[TrainProgress], None] = lambda _: None,
) -> None:
    """Train the reader into the folder ``out``, on a GPU where there is one.

    Args:
        start: a folder that an earlier training wrote; its reader is trained further.
        workers: processes that draw the examples; None: one, and with a GPU as many as there are cores.

    Raises:
        SettingsError: ``resume`` without a run to take up, or under another recipe; nothing to go on
            from in ``start``.
    """
    out.mkdir(parents=True, exist_ok=True)
    trainer = ReaderTrainer(recipe or Recipe(), out, threads, start=start)
    if resume:
        trainer.resume()
    trainer.run(progress, workers or usual_workers(trainer.device))
    trainer.export()

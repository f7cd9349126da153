"""The recipe of nano: a Llama trained from scratch on the synthetic corpus, answers only.

Matrices are trained with Muon (https://kellerjordan.github.io/posts/muon/), embeddings and norms
with AdamW.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from skillweave.agent.nano.batches import LENGTHS, Batch, asked_pieces, block
from skillweave.agent.nano.corpus import conversation
from skillweave.agent.nano.model import Size, config
from skillweave.agent.nano.tokenizer import BOS, END, PAD, prompt, train_tokenizer
from skillweave.skills.errors import SettingsError

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

TOKENIZER_EXAMPLES: Final = 60_000
STATE: Final = "training.pt"
LOG: Final = "training.json"


class Point(NamedTuple):
    """Where the schedule stands after so many tokens."""

    tokens: int
    rate: float
    """Learning rate of the matrices; between two points it changes linearly."""


SCHEDULE: Final = (
    Point(0, 0.0),
    Point(250_000, 3.5e-3),
    Point(8_000_000, 3.5e-3),
    Point(24_000_000, 0.0),
)


@dataclass(frozen=True)
class Recipe:
    """What a run depends on, besides the code."""

    size: Size = "nano"
    schedule: tuple[Point, ...] = SCHEDULE
    batch: int = 4096
    """Tokens of a batch, padding included."""
    other_rate: float = 0.5
    """Rate of embeddings and norms, as a share of the matrices' rate."""
    weight_decay: float = 0.01
    seed: int = 1

    @property
    def tokens(self) -> int:
        """Pieces seen in the whole run, padding included."""
        return self.schedule[-1].tokens

    def rate_at(self, tokens: int) -> float:
        """The learning rate of the matrices after ``tokens`` tokens.

        >>> Recipe(schedule=(Point(0, 0.0), Point(100, 1.0), Point(200, 0.0))).rate_at(150)
        0.5
        """
        for before, after in pairwise(self.schedule):
            if tokens <= after.tokens:
                share = (tokens - before.tokens) / (after.tokens - before.tokens)
                return before.rate + share * (after.rate - before.rate)
        return self.schedule[-1].rate

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {**asdict(self), "schedule": [list(point) for point in self.schedule]}

    def scaled(self, tokens: int) -> Recipe:
        """The same schedule, stretched or shrunk to another number of tokens."""
        share = tokens / self.tokens
        points = (Point(round(p.tokens * share), p.rate) for p in self.schedule)
        return replace(self, schedule=tuple(points))


@dataclass(frozen=True)
class TrainProgress:
    """Where a run stands."""

    seen: int
    total: int
    loss: float
    per_second: float
    unit: Literal["tokens", "examples"] = "tokens"


class Trainer:
    """Model, optimisers and position in the stream; can be saved and taken up again.

    ``start`` is the folder of a finished model to go on from: its weights and tokenizer, with fresh
    optimisers and the whole schedule. None starts from random weights.
    """

    def __init__(
        self,
        recipe: Recipe,
        out: Path,
        threads: int,
        *,
        start: Path | None = None,
        compiled: bool | None = None,
    ) -> None:
        import torch

        torch.set_num_threads(threads)
        torch.manual_seed(recipe.seed)
        self.recipe, self.out, self.start = recipe, out, start
        self.continues = None if start is None else _log_of(start, recipe.size)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.tokenizer = self._tokenizer()
        self.model = self._model()
        wanted = self.device == "cpu" if compiled is None else compiled
        self.body = self._compiled() if wanted else self.model.model
        matrices = [p for n, p in self.model.named_parameters() if p.ndim == 2 and "embed" not in n]
        rest = [p for n, p in self.model.named_parameters() if p.ndim != 2 or "embed" in n]
        self.optimizers = (
            torch.optim.Muon(
                matrices,
                lr=recipe.schedule[0].rate,
                weight_decay=recipe.weight_decay,
                adjust_lr_fn="match_rms_adamw",
            ),
            torch.optim.AdamW(
                rest, lr=recipe.schedule[0].rate, betas=(0.9, 0.98), weight_decay=0.0
            ),
        )
        self.tokens, self.block, self.losses = 0, 0, list[float]()

    def _tokenizer(self) -> PreTrainedTokenizerFast:
        from transformers import PreTrainedTokenizerFast

        if (self.out / "tokenizer.json").exists():
            return PreTrainedTokenizerFast.from_pretrained(self.out)
        if self.start is not None:
            kept: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(self.start)
            kept.save_pretrained(self.out)
            return kept
        rng = random.Random(f"{self.recipe.seed}/tokenizer")
        examples = (conversation(rng) for _ in range(TOKENIZER_EXAMPLES))
        made = train_tokenizer(prompt(e.task, e.user) + e.answer for e in examples)
        made.save_pretrained(self.out)
        return made

    def _model(self) -> LlamaForCausalLM:
        from transformers import LlamaForCausalLM

        ids = self.tokenizer.convert_tokens_to_ids([PAD, BOS, END])
        shape = config(self.recipe.size, len(self.tokenizer), pad=ids[0], bos=ids[1], end=ids[2])
        model = LlamaForCausalLM(shape).to(self.device)
        if self.start is not None:
            model.load_state_dict(LlamaForCausalLM.from_pretrained(self.start).state_dict())
        if self.device == "cpu":
            # The backward pass of the fused attention takes as long there as all the rest together.
            model.set_attn_implementation("eager")
        return model

    def _compiled(self) -> Callable[..., Any]:
        """The layers, compiled once for each length of a batch."""
        import torch

        torch._dynamo.config.recompile_limit = 2 * len(LENGTHS)  # noqa: SLF001
        compiled: Callable[..., Any] = torch.compile(self.model.model, dynamic=False)
        return compiled

    # -- steps -----------------------------------------------------------------------------

    def step(self, batch: Batch) -> Tensor:
        """One update; returns the loss in nats per answer piece, a scalar on the device."""
        import torch

        rate = self.recipe.rate_at(self.tokens + batch.ids.numel())
        for optimizer, share in zip(self.optimizers, (1.0, self.recipe.other_rate), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * share
        asked = asked_pieces(batch.labels)
        wanted = batch.labels.flatten()[asked].to(self.device, non_blocking=True)
        ids, asked = (x.to(self.device, non_blocking=True) for x in (batch.ids, asked))
        with torch.autocast(self.device, dtype=torch.bfloat16):
            hidden = self.body(input_ids=ids, use_cache=False).last_hidden_state
            logits = self.model.lm_head(hidden.flatten(0, 1)[asked])
        loss = torch.nn.functional.cross_entropy(logits.float(), wanted)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()  # type: ignore[no-untyped-call]
            optimizer.zero_grad(set_to_none=True)
        self.tokens += batch.ids.numel()
        return loss.detach()

    def run(self, progress: Callable[[TrainProgress], None], workers: int) -> None:
        """Train to the end of the recipe, saving after every block."""
        from skillweave.agent.nano.ahead import drawn_ahead

        started, at_start = time.monotonic(), self.tokens
        recipe = self.recipe
        draw = partial(block, self.tokenizer, recipe.seed, tokens_per_batch=recipe.batch)
        for batches in drawn_ahead(draw, self.block, workers):
            for batch in batches:
                self.losses.append(float(self.step(batch)))
                recent = self.losses[-50:]
                speed = (self.tokens - at_start) / (time.monotonic() - started)
                progress(
                    TrainProgress(self.tokens, self.recipe.tokens, sum(recent) / len(recent), speed)
                )
                if self.tokens >= self.recipe.tokens:
                    return
            self.block += 1
            self.save()

    # -- saving ----------------------------------------------------------------------------

    def save(self) -> None:
        """Write the state so that a kill at any moment leaves the last complete one."""
        state = {
            "recipe": self.recipe.plain(),
            "model": self.model.state_dict(),
            "optimizers": [o.state_dict() for o in self.optimizers],
            "tokens": self.tokens,
            "block": self.block,
            "losses": self.losses,
            "continues": self.continues,
        }
        write_state(self.out, state)

    def resume(self) -> None:
        """Take up the run that ``out`` holds.

        Raises:
            SettingsError: there is none, or it followed another recipe up to there.
        """
        state = read_state(
            self.out,
            lambda old: _same_so_far(self.recipe, old["recipe"], old["tokens"]),
            self.device,
        )
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.tokens, self.block, self.losses = state["tokens"], state["block"], state["losses"]
        self.continues = state["continues"]

    def export(self) -> None:
        """Write the model as a Hugging Face folder in bfloat16, and what it was trained on."""
        import torch

        half = self.model.to(torch.bfloat16)
        half.save_pretrained(self.out)
        self.tokenizer.save_pretrained(self.out)
        log = {
            **self.recipe.plain(),
            "tokens": self.recipe.tokens,
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "blocks": self.block,
            "final_loss": sum(self.losses[-200:]) / max(1, len(self.losses[-200:])),
            "torch": torch.__version__,
            "continues": self.continues,
        }
        (self.out / LOG).write_text(json.dumps(log, indent=2) + "\n", "utf-8")


def write_state(out: Path, state: Mapping[str, Any]) -> None:
    """Write where a training stands into ``out``; a kill leaves the last complete one."""
    import torch

    temporary = out / (STATE + ".part")
    torch.save(state, temporary)
    temporary.replace(out / STATE)


def read_state(
    out: Path, fits: Callable[[dict[str, Any]], bool], device: str = "cpu"
) -> dict[str, Any]:
    """Where the training in ``out`` stands.

    Args:
        fits: whether a state is one of the recipe that is to go on.

    Raises:
        SettingsError: there is none, or it does not fit.
    """
    import torch

    path = out / STATE
    if not path.exists():
        raise SettingsError(f"{path} does not exist; start without --resume")
    state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    if not fits(state):
        raise SettingsError(
            f"{path} follows another recipe; "
            "give the same options, or start without --resume in another folder"
        )
    return state


def read_log(folder: Path) -> dict[str, Any]:
    """What a training has written about itself.

    Raises:
        SettingsError: ``folder`` is none that a training wrote.
    """
    path = folder / LOG
    if not path.is_file():
        raise SettingsError(f"{folder}: no folder that a training wrote ({LOG} is missing)")
    log: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return log


def _log_of(folder: Path, size: Size) -> dict[str, Any]:
    """What the model in ``folder`` was trained on."""
    log = read_log(folder)
    if log["size"] != size:
        raise SettingsError(f"{folder}: the model there is a {log['size']}, not a {size}")
    return log


def _same_so_far(recipe: Recipe, saved: dict[str, Any], tokens: int) -> bool:
    """Whether both recipes ask for the same up to there; what comes later may be changed."""
    points = tuple(Point(*p) for p in saved.pop("schedule"))
    before = Recipe(**saved, schedule=points)
    return replace(before, schedule=recipe.schedule) == recipe and all(
        math.isclose(before.rate_at(t), recipe.rate_at(t), rel_tol=1e-6)
        for t in range(0, tokens, max(1, tokens // 100))
    )


def train(
    out: Path,
    recipe: Recipe | None = None,
    *,
    start: Path | None = None,
    resume: bool = False,
    threads: int = 1,
    workers: int | None = None,
    compiled: bool | None = None,
    progress: Callable[[TrainProgress], None] = lambda _: None,
) -> None:
    """Train nano into the folder ``out``, on a GPU where there is one.

    Args:
        start: a folder that an earlier training wrote; its model is trained further.
        workers: processes that draw the examples; None: one, and with a GPU as many as there are cores.
        compiled: faster by half on a CPU, after some minutes; None: there alone.

    Raises:
        SettingsError: ``resume`` without a run to take up, or under another recipe; nothing to go on
            from in ``start``.
    """
    from skillweave.agent.nano.ahead import usual_workers

    out.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(recipe or Recipe(), out, threads, start=start, compiled=compiled)
    if resume:
        trainer.resume()
    trainer.run(progress, workers or usual_workers(trainer.device))
    trainer.export()

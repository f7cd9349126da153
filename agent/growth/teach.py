"""Learning an adapter from a few examples: split, train, stop early.

What decides about admission (the held-out part) is set aside here and never shown to the training;
a second part decides when to stop. Both are drawn by the lesson's seed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pydantic import model_validator

from skillweave.agent.nano.batches import Encoded
from skillweave.skills.errors import UserError
from skillweave.skills.model import Case, Frozen
from skillweave.skills.names import NAME_RULE, is_name

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from skillweave.skills.factors import Adapter

LEAST = 12
"""Examples: eight to learn from, two to stop by, two kept back."""
HELD_SHARE, VALID_SHARE = 0.25, 0.15
MOST_HELD, MOST_VALID = 100, 50


class Pair(NamedTuple):
    """A text, and what should come out."""

    input: str
    output: str


class Split(NamedTuple):
    """The parts of the examples."""

    train: tuple[Pair, ...]
    valid: tuple[Pair, ...]
    """Decides when to stop."""
    held: tuple[Pair, ...]
    """For the gate alone."""


class Lesson(Frozen):
    """What is to be taught."""

    name: str
    examples: tuple[Case, ...]
    description: str = ""
    requests: tuple[str, ...] = ()
    start: str = "none"
    """``none``; ``nearest``: from the nearest adapters where that helps; or a mix of adapters."""
    seed: int = 0

    @model_validator(mode="after")
    def _can_be_taught(self) -> Lesson:
        if not is_name(self.name):
            raise UserError(f"{self.name!r} cannot be the name of a skill; {NAME_RULE}")
        pairs = self.pairs()
        if len(pairs) < LEAST:
            raise UserError(
                f"{len(pairs)} different examples are too few to learn from and to check with; "
                f"give at least {LEAST}"
            )
        if len({pair.output for pair in pairs}) == 1:
            raise UserError("all examples have the same output; nothing can be learned from that")
        return self

    def pairs(self) -> tuple[Pair, ...]:
        """The examples as texts, each input once."""
        found: dict[str, str] = {}
        for number, case in enumerate(self.examples, 1):
            if case.input is None or case.raises is not None or not case.input.strip():
                raise UserError(
                    f"example {number} has no text to work on;"
                    ' write {"input": "...", "expected": "..."}'
                )
            text, output = case.input.strip(), text_of(case)
            if not output:
                raise UserError(f"example {number} has an empty output")
            if found.setdefault(text, output) != output:
                raise UserError(f"example {number} contradicts an earlier one: {text[:60]!r}")
        return tuple(Pair(a, b) for a, b in found.items())

    def split(self) -> Split:
        """The parts, each example in one of them.

        >>> lesson = Lesson(name="x", examples=[Case(input=str(n), expected=n) for n in range(64)])
        >>> [len(part) for part in lesson.split()]
        [39, 9, 16]
        """
        pairs = list(self.pairs())
        random.Random(self.seed).shuffle(pairs)
        held = min(MOST_HELD, max(2, int(len(pairs) * HELD_SHARE)))
        valid = held + min(MOST_VALID, max(2, int(len(pairs) * VALID_SHARE)))
        return Split(tuple(pairs[valid:]), tuple(pairs[held:valid]), tuple(pairs[:held]))


def text_of(case: Case) -> str:
    """The expected output as the model should write it."""
    expected = case.expected
    if isinstance(expected, bool):
        return "true" if expected else "false"
    if isinstance(expected, str | int | float):
        return str(expected).strip()
    raise UserError(f"the output of {str(case.input)[:60]!r} is no text and no number")


@dataclass(frozen=True)
class Limits:
    """When a training ends, at the latest."""

    steps: int = 400
    seconds: float = 150.0
    every: int = 20
    """Steps between two looks at the validation part."""
    patience: int = 8
    """Looks without progress that end it."""
    rank: int = 32
    tokens_per_batch: int = 384
    rate: float = 2e-3
    vary: int = 8
    """How many variants of an example with copied words there are (`teach_vary`); 0 for none."""


class Progress(Frozen):
    """Where a training stands."""

    phase: str
    step: int = 0
    steps: int = 0
    loss: float = 0.0
    right: int = 0
    """Examples of the validation part that come out exactly, at best."""
    valid: int = 0
    seconds: float = 0.0

    def line(self) -> str:
        """For a person."""
        if not self.steps:
            return self.phase
        done = f"step {self.step} of at most {self.steps}, loss {self.loss:.3f}"
        return f"{self.phase}: {done}, {self.right} of {self.valid} right, {self.seconds:.0f} s"


OnProgress = Callable[[Progress], None]


class Trained(NamedTuple):
    """An adapter at its best moment."""

    adapter: Adapter
    step: int
    """At which it was best."""
    steps: int
    right: int
    valid: int
    loss: float
    """On the validation part."""
    seconds: float


def train(
    model: PreTrainedModel,
    rows: Sequence[Encoded],
    valid: Sequence[Encoded],
    *,
    pad: int,
    limits: Limits | None = None,
    seed: int = 0,
    start: Adapter | None = None,
    on_progress: OnProgress = lambda _: None,
) -> Trained:
    """Train until the validation part gains nothing more; the best moment counts, the start included."""
    from skillweave.agent.nano.lora import Lora, LoraRecipe, batches, rate_at

    limits = limits or Limits()
    recipe = LoraRecipe(limits.rank, rate=limits.rate, seed=seed)
    rng, began = random.Random(seed), time.monotonic()
    step, waiting, total = 0, 0, 0.0
    with Lora(model, recipe, start) as lora:
        best = _looked(lora.model, valid, pad)
        kept = (lora.adapter() if start else {}, 0, best)
        todo = batches(rows, limits.tokens_per_batch, pad, rng)
        while step < limits.steps and waiting < limits.patience:
            seconds = time.monotonic() - began
            if seconds > limits.seconds:
                break
            todo = todo or batches(rows, limits.tokens_per_batch, pad, rng)
            done = max(step / limits.steps, seconds / limits.seconds)
            total += lora.step(todo.pop(), rate_at(min(0.999, done + 1 / limits.steps)))
            step += 1
            if step % limits.every == 0 or step == limits.steps:
                now = _looked(lora.model, valid, pad)
                waiting += 1
                if now.better_than(best):
                    best, waiting = now, 0
                    kept = (lora.adapter(), step, now)
                on_progress(
                    Progress(
                        phase="training",
                        step=step,
                        steps=limits.steps,
                        loss=total / limits.every,
                        right=best.right,
                        valid=len(valid),
                        seconds=time.monotonic() - began,
                    )
                )
                total = 0.0
    adapter, at, found = kept
    took = time.monotonic() - began
    return Trained(adapter, at, step, found.right, len(valid), found.loss, took)


class _Look(NamedTuple):
    right: int
    loss: float

    def better_than(self, other: _Look) -> bool:
        return (self.right, -self.loss) > (other.right, -other.loss)


def _looked(model: PreTrainedModel, rows: Sequence[Encoded], pad: int) -> _Look:
    from skillweave.agent.nano.adapted import right
    from skillweave.agent.nano.lora import mean_loss

    return _Look(sum(right(model, rows, pad)), mean_loss(model, rows, pad))

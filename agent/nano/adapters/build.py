"""Trains the adapter skills that ship with nano, measures them, and writes them into their folders.

Each adapter is measured on held-out pairs against three controls: the base model without an
adapter, another adapter (the wrong one), and several training seeds.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from skillweave.agent.nano.adapted import adapted, load_base, right
from skillweave.agent.nano.adapters.tasks import TASKS
from skillweave.agent.nano.batches import Encoded, encode
from skillweave.agent.nano.corpus import Conversation
from skillweave.agent.nano.corpus.words import Side
from skillweave.agent.nano.lora import LoraRecipe, as_conversation, train_adapter
from skillweave.agent.nano.score import wilson
from skillweave.agent.nano.train import TrainProgress
from skillweave.agent.serving.weights import weights_hash
from skillweave.skills.factors import Adapter, read_factors

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

HELD_OUT_PAIRS: Final = 200
CASES: Final = 12
OnProgress = Callable[[str, TrainProgress | None], None]


class Measured(NamedTuple):
    """Exact match of one adapter on held-out pairs."""

    task: str
    n: int
    base: float
    """Without an adapter."""
    wrong: float
    """With the adapter of another task."""
    seeds: list[float]
    """With this adapter, one figure per training seed; the first one ships."""
    low: float
    high: float
    seconds: float


def drawing(task: str, side: Side) -> Callable[[random.Random], Conversation]:
    """Draws of one task as conversations."""
    make = TASKS[task]

    def draw(rng: random.Random) -> Conversation:
        return as_conversation(*make(rng, side))

    return draw


def held_out_pairs(task: str, n: int, seed: int = 7) -> list[Conversation]:
    """The same held-out pairs for the same seed, none twice."""
    rng, draw = random.Random(f"{task}/{seed}"), drawing(task, "held-out")
    found: dict[str, Conversation] = {}
    while len(found) < n:
        made = draw(rng)
        found[made.user] = made
    return list(found.values())


def build(
    base: Path,
    skills: Path,
    *,
    tasks: Sequence[str] = tuple(TASKS),
    seeds: Sequence[int] = (1,),
    recipe: LoraRecipe | None = None,
    threads: int = 1,
    progress: OnProgress = lambda *_: None,
) -> list[Measured]:
    """Train, measure and write the adapters of ``tasks`` into ``skills/<task>/``.

    Writes ``adapter/``, the base hash in ``SKILL.md``, ``evals/cases.jsonl`` and
    ``references/scores.json``.
    """

    recipe = recipe or LoraRecipe()
    pairs = {task: held_out_pairs(task, HELD_OUT_PAIRS) for task in TASKS}
    judge = _Judge(base, pairs)
    measured: list[Measured] = []
    for position, task in enumerate(tasks):
        other = list(TASKS)[(list(TASKS).index(task) + 1) % len(TASKS)]
        rights: list[float] = []
        wrong = seconds = 0.0
        for seed in seeds:
            with tempfile.TemporaryDirectory() as scratch:
                started = time.monotonic()
                out = skills / task / "adapter" if seed == seeds[0] else Path(scratch) / "adapter"
                train_adapter(
                    base,
                    drawing(task, "train"),
                    out,
                    replace(recipe, seed=seed),
                    threads=threads,
                    progress=lambda p, name=f"{task} seed {seed}": progress(name, p),  # type: ignore[misc]
                )
                seconds = seconds or round(time.monotonic() - started, 1)
                made = read_factors(out)
                rights.append(judge.exact(task, made))
                if seed == seeds[0]:
                    wrong = judge.exact(other, made)
        low, high = wilson(round(rights[0] * HELD_OUT_PAIRS), HELD_OUT_PAIRS)
        plain = judge.exact(task, {})
        found = Measured(task, HELD_OUT_PAIRS, plain, wrong, rights, low, high, seconds)
        _write(skills / task, found, other, base, recipe, pairs[task])
        measured.append(found)
        progress(f"{position + 1} of {len(tasks)}: {task} {statistics.mean(rights):.1%}", None)
    return measured


class _Judge:
    """Measures adapters as they lie in their files, on the base in full precision."""

    def __init__(self, base: Path, pairs: dict[str, list[Conversation]]) -> None:
        from transformers import PreTrainedTokenizerFast

        tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(base)
        self._pad = int(tokenizer.pad_token_id or 0)
        self._model: PreTrainedModel = load_base(base, exact=True)
        self._rows: dict[str, list[Encoded]] = {t: encode(tokenizer, p) for t, p in pairs.items()}

    def exact(self, task: str, adapter: Adapter) -> float:
        """The share of the task's held-out pairs that come out exactly."""
        with adapted(self._model, adapter):
            found = right(self._model, self._rows[task], self._pad)
        return sum(found) / len(found)


def _write(
    folder: Path,
    made: Measured,
    other: str,
    base: Path,
    recipe: LoraRecipe,
    pairs: Sequence[Conversation],
) -> None:
    """What the measurement says, beside the adapter."""
    skill = folder / "SKILL.md"
    lines = skill.read_text("utf-8").splitlines()
    pinned = f"  skillweave-base: {weights_hash(base)}"
    lines = [line for line in lines if not line.startswith("  skillweave-base:")]
    lines.insert(lines.index("metadata:") + 1, pinned)
    skill.write_text("\n".join(lines) + "\n", "utf-8")
    for sub in ("evals", "references"):
        (folder / sub).mkdir(exist_ok=True)
    cases = [
        json.dumps({"input": c.user.strip(), "expected": c.answer.strip()}, ensure_ascii=False)
        for c in pairs[:CASES]
    ]
    (folder / "evals" / "cases.jsonl").write_text("\n".join(cases) + "\n", "utf-8")
    scores = {
        "task": made.task,
        "held_out_pairs": made.n,
        "exact_without_adapter": made.base,
        "exact_with_adapter_by_seed": made.seeds,
        "interval_95": [round(made.low, 4), round(made.high, 4)],
        f"exact_of_this_adapter_on_{other}": made.wrong,
        "seconds_of_training": made.seconds,
        "recipe": recipe.__dict__,
        "command": "skillweave nano adapters",
    }
    text = json.dumps(scores, indent=2, ensure_ascii=False) + "\n"
    (folder / "references" / "scores.json").write_text(text, "utf-8")

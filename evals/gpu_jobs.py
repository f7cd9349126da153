"""What the GPU check asks its engines for: one batch of everything, and full batches of one sort."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from pathlib import Path

from skillweave.agent.serving.weights import NANO
from skillweave.evals.gpu_system import BATCH, Job
from skillweave.skills.builtin import builtin_root

NAMES = ("sentiment", "sentence-tense", "sentence-voice", "agreement-check")
COPIES = tuple(f"{name}-too" for name in NAMES)
"""The same adapters once more: as many as a batch has slots for."""
FOUR = ",".join(NAMES)
MODELS = (
    "",
    "sentiment",
    "sentiment:0.7+sentence-tense:0.3",
    "+".join(f"{name}:0.25" for name in NAMES),
    "agreement-check+sentence-voice:-0.5",
    f"arrow({FOUR};top=4)",
    f"arrow({FOUR};top=2)",
    "sentence-voice",
    "",
)
"""Everything that a request can ask for, in one batch; its base rows come first and last."""
STEPS = 16
TEXT = (
    "Is the opinion positive or negative: the food was anything but great, although everyone had told"
    " us that the new place by the river was lovely and that its cooks were the best in town. We came"
    " early, waited for an hour and got cold soup. The waiter was kind and brought us bread, but the"
    " bill was a shock. I would not go there again, and my sister says the same."
)
"""What the prompts are beginnings of. On random words nano's answers are so steep that rounding
alone changes them."""


def loads(seed: int = 0) -> dict[str, Job]:
    """Full batches under which the lanes take turns."""
    draw = random.Random(seed)
    prompts = [[draw.randrange(5, 3000) for _ in range(32)] for _ in range(BATCH)]
    pairs = [
        f"{one}:0.7+{two}:0.3" for one, two in zip(NAMES, COPIES[1:] + COPIES[:1], strict=True)
    ]
    asked = {
        "base": [""],
        "one adapter": NAMES[:1],
        "eight adapters": (*NAMES, *COPIES),
        "four mixes": pairs,
        "one gate": [f"arrow({FOUR};top=2)"],
    }
    return {
        name: Job(
            name=name,
            prompts=prompts,
            adapters=[models[i % len(models)] for i in range(BATCH)],
            tokens=64,
        )
        for name, models in asked.items()
    }


def mixed(models: Sequence[str]) -> Job:
    """A batch of prompts of many lengths, one for each of the models."""
    from tokenizers import Tokenizer

    words = Tokenizer.from_file(str(NANO / "tokenizer.json")).encode(TEXT).ids
    prompts = [words[: 6 + 9 * row] for row in range(len(models))]
    return Job(name="mixed", prompts=prompts, adapters=models, tokens=STEPS, scored=True)


def write_library(root: Path) -> None:
    """The adapters that come with skillweave, and copies of them under other names."""
    for name in NAMES:
        for own in (name, f"{name}-too"):
            folder = root / "skills" / own
            shutil.copytree(builtin_root() / name, folder)
            text = (folder / "SKILL.md").read_text(encoding="utf-8")
            named = text.replace(f"name: {name}\n", f"name: {own}\n", 1)
            (folder / "SKILL.md").write_text(named, encoding="utf-8")

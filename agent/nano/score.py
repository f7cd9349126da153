"""Scores of nano on held-out requests: exact match, of plans as the reader finds them and nano alone."""

from __future__ import annotations

import math
import platform
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pydantic import BaseModel

from skillweave.agent.nano.corpus import HELD_OUT, Conversation, HeldOut, held_out
from skillweave.agent.nano.reader import Reader, Reading
from skillweave.agent.nano.tokenizer import prompt

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

GOALS: Final[dict[HeldOut, float]] = {
    "compositions": 0.95,
    "phrases": 0.90,
    "templates": 0.90,
    "long": 0.80,
}
"""Exact plan match that a release of nano must reach."""

_STEP: Final = re.compile(r"(?m)^#(\d+)")
_EXPLANATIONS: Final[dict[HeldOut, str]] = {
    "compositions": "1-4 steps; operations that never met in training",
    "phrases": "skills that training never named, real and invented words",
    "templates": "wordings and connecting phrases kept out of training",
    "long": "5-6 steps; training shows up to 8",
    "longer": "9-10 steps; training stops at 8",
    "written": "requests written by hand, none of whose wordings training shows",
    "fill": "arguments for an unseen signature",
    "say": "small talk in unseen words",
    "beyond": "open questions, essays, code, in unseen words",
}


class Score(BaseModel):
    """Exact match (`Answered.right`) on one held-out kind, with its 95 % Wilson interval."""

    kind: HeldOut
    what: str
    n: int
    exact: float
    low: float
    high: float
    alone: float | None = None
    """The same without the reader: the plan that nano itself writes, greedily."""


class Scores(BaseModel):
    """All scores of one model, and how they were made."""

    seed: int
    scores: list[Score]
    false_refusals: float
    """Share of plannable held-out requests that were declared beyond."""
    false_attempts: float
    """Share of held-out requests beyond nano for which it wrote a plan all the same."""
    versions: dict[str, str]
    machine: str


class Answered(NamedTuple):
    asked: Conversation
    said: str

    @property
    def right(self) -> bool:
        """The wanted answer to the letter, but for capitals: the reader copies those of the request."""
        return self.said.lower() == self.asked.answer.lower()


def wilson(successes: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The Wilson score interval of a proportion.

    >>> [round(x, 3) for x in wilson(95, 100)]
    [0.888, 0.978]
    """
    share = successes / n
    middle = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)


def draw(kind: HeldOut, n: int, seed: int) -> list[Conversation]:
    """The held-out examples of a kind: the same for the same seed."""
    rng = random.Random(f"held-out/{kind}/{seed}")
    return [held_out(rng, kind) for _ in range(n)]


def decode(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    asked: Sequence[Conversation],
    *,
    batch: int = 32,
) -> list[Answered]:
    """Answer greedily, in batches of similar length."""
    import torch

    tokenizer.padding_side = "left"
    order = sorted(asked, key=lambda c: len(c.user))
    answered: list[Answered] = []
    for at in range(0, len(order), batch):
        rows = order[at : at + batch]
        inputs = tokenizer(
            [prompt(c.task, c.user) for c in rows],
            add_special_tokens=False,
            padding=True,
            return_tensors="pt",
            return_token_type_ids=False,
        ).to(model.device)
        with torch.inference_mode():
            out = model.generate(**inputs, max_new_tokens=320, do_sample=False)
        texts = tokenizer.batch_decode(
            out[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )
        answered += [Answered(c, t) for c, t in zip(rows, texts, strict=True)]
    return answered


def read_all(reader: Reader, asked: Sequence[Conversation]) -> list[Answered]:
    """What the reader makes of planning questions: its likeliest plan, as the agent takes it.

    (The agent looks at its other readings too where the library cannot do a step of that one.)
    """
    return [Answered(c, read[0].text if (read := readings_of(reader, c)) else "") for c in asked]


def readings_of(reader: Reader, asked: Conversation) -> list[Reading]:
    """All that the reader makes of one planning question."""
    known = [int(number) for number in _STEP.findall(asked.user)]
    return reader.read(asked.user, max(known, default=0) + 1, frozenset(known))


def score(
    folder: Path,
    *,
    n: int = 500,
    seed: int = 7,
    alone: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> Scores:
    """Score the model in ``folder`` together with the reader that comes along.

    Args:
        n: examples of each kind.
        alone: also ask the model itself for plans, without the reader.
    """
    import torch
    import transformers

    model = transformers.LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    reader = Reader()
    scores: list[Score] = []
    refused = attempted = plannable = 0
    for kind in HELD_OUT:
        progress(kind)
        asked = draw(kind, n, seed)
        planned = kind not in ("fill", "say")
        answered = read_all(reader, asked) if planned else decode(model, tokenizer, asked)
        right = sum(a.right for a in answered)
        low, high = wilson(right, n)
        made = Score(kind=kind, what=_EXPLANATIONS[kind], n=n, exact=right / n, low=low, high=high)
        if alone and planned:
            made.alone = sum(a.right for a in decode(model, tokenizer, asked)) / n
        if kind in GOALS:
            plannable += n
            refused += sum(a.said == "beyond" for a in answered)
        if kind == "beyond":
            attempted = sum(a.said.startswith("#") for a in answered)
        scores.append(made)
    return Scores(
        seed=seed,
        scores=scores,
        false_refusals=refused / plannable,
        false_attempts=attempted / n,
        versions={"torch": torch.__version__, "transformers": transformers.__version__},
        machine=f"{platform.machine()}, Python {platform.python_version()}",
    )

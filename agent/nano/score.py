"""Scores of nano on held-out requests: exact match, decoded greedily, with and without the grammar."""

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
from skillweave.agent.nano.tokenizer import END, prompt

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

GOALS: Final[dict[HeldOut, float]] = {
    "compositions": 0.95,
    "phrases": 0.90,
    "templates": 0.90,
    "long": 0.80,
}
"""Exact plan match that a release of nano must reach."""

_STEP: Final = re.compile(r"#(\d+)")
_EXPLANATIONS: Final[dict[HeldOut, str]] = {
    "compositions": "1-4 steps; operations that never met in training",
    "phrases": "skills that training never named, real and invented words",
    "templates": "wordings and connecting phrases kept out of training",
    "long": "5-6 steps, the most that training shows",
    "longer": "7-8 steps; training stops at 6",
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
    exact_as_asked: float | None = None
    """The same, asked as the agent asks (`decode_as_agent`)."""


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
        """Exactly the wanted answer."""
        return self.said == self.asked.answer


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
    grammar: Callable[[Conversation], str] | None = None,
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
        )
        processors = [_constraint(model, tokenizer, rows, grammar)] if grammar else []
        with torch.inference_mode():
            out = model.generate(
                **inputs, max_new_tokens=320, do_sample=False, logits_processor=processors
            )
        texts = tokenizer.batch_decode(
            out[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )
        answered += [Answered(c, t) for c, t in zip(rows, texts, strict=True)]
    return answered


def _constraint(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    rows: Sequence[Conversation],
    grammar: Callable[[Conversation], str],
) -> object:
    import xgrammar

    info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=model.config.vocab_size)
    compiler = xgrammar.GrammarCompiler(info)
    compiled = [compiler.compile_grammar(grammar(c)) for c in rows]
    return xgrammar.contrib.hf.LogitsProcessor(compiled)


def decode_as_agent(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, asked: Sequence[Conversation]
) -> list[Answered]:
    """Answer planning questions as the agent does: under the grammar, and the least faulty of several."""
    from skillweave.agent.profiles.coverage import faults

    def doubtful(one: Answered) -> bool:
        return faults(one.said, _request_of(one.asked)) > 0

    answered = decode(model, tokenizer, asked, grammar=plan_grammar_of)
    return [_least_faulty(model, tokenizer, a) if doubtful(a) else a for a in answered]


def _least_faulty(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, first: Answered
) -> Answered:
    import torch

    from skillweave.agent.nodes.plan import SAMPLES, WARMTH
    from skillweave.agent.profiles.coverage import faults

    rows = [first.asked] * SAMPLES
    question = prompt(first.asked.task, first.asked.user)
    inputs = tokenizer(
        [question] * SAMPLES,
        add_special_tokens=False,
        return_tensors="pt",
        return_token_type_ids=False,
    )
    with torch.inference_mode():
        out = model.generate(
            **inputs,
            max_new_tokens=320,
            do_sample=True,
            temperature=WARMTH,
            top_k=0,
            logits_processor=[_constraint(model, tokenizer, rows, plan_grammar_of)],
        )
    asked = inputs["input_ids"].shape[1]
    texts = tokenizer.batch_decode(out[:, asked:], skip_special_tokens=True)

    def cost(text: str) -> float:
        ids = tokenizer(
            question + text + END, add_special_tokens=False, return_tensors="pt"
        ).input_ids
        with torch.inference_mode():
            scores = torch.log_softmax(model(ids).logits[0, asked - 1 : -1], -1)
        likely = float(scores.gather(1, ids[0, asked:, None]).sum())
        return faults(text, _request_of(first.asked)) - likely

    return Answered(first.asked, min(dict.fromkeys([first.said, *texts]), key=cost))


def _request_of(asked: Conversation) -> str:
    """The request of a planning question, without the steps of earlier turns."""
    lines = asked.user.split("\n")
    return "\n".join(line for line in lines if not _STEP.match(line))


def plan_grammar_of(asked: Conversation) -> str:
    """The grammar under which the agent would ask this planning question."""
    from skillweave.agent.profiles.grammar import plan_grammar

    known = [int(found.group(1)) for found in map(_STEP.match, asked.user.split("\n")) if found]
    return plan_grammar(_request_of(asked), (known[-1] if known else 0) + 1, known)


def score(
    folder: Path,
    *,
    n: int = 500,
    seed: int = 7,
    with_grammar: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> Scores:
    """Score the model in ``folder``.

    Args:
        n: examples of each kind.
        with_grammar: also ask for plans as the agent does (needs xgrammar).
    """
    import torch
    import transformers

    model = transformers.LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    scores: list[Score] = []
    refused = attempted = plannable = 0
    for kind in HELD_OUT:
        progress(kind)
        asked = draw(kind, n, seed)
        answered = decode(model, tokenizer, asked)
        right = sum(a.right for a in answered)
        low, high = wilson(right, n)
        made = Score(kind=kind, what=_EXPLANATIONS[kind], n=n, exact=right / n, low=low, high=high)
        if kind in GOALS:
            plannable += n
            refused += sum(a.said.strip() == "beyond" for a in answered)
            if with_grammar:
                again = decode_as_agent(model, tokenizer, asked)
                made.exact_as_asked = sum(a.right for a in again) / n
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

"""What ``min_confidence`` should be: from plans of a running nano for requests it was not trained on.

Two settings come of it, `Profile.min_confidence` and `Profile.min_confidence_known`; nano's are stricter
than what is chosen here, because free wordings mislead it more often than these requests do.
Answerable requests are held-out compositions and phrases; the others lie beyond nano. A plan is
right when it is exactly the expected one. The threshold is chosen on the requests of one seed and
judged on those of another. Answers that are no plan need no threshold, and are only counted.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from skillweave.agent.handle import Answer, ModelHandle
from skillweave.agent.nano.corpus import Conversation, HeldOut
from skillweave.agent.nano.score import draw, plan_grammar_of
from skillweave.agent.profiles.base import Message, Prompt, Structure
from skillweave.evals.thresholds import RULE, Choice, Rate, Split, choose
from skillweave.skills.model import Frozen

KINDS: tuple[HeldOut, ...] = ("compositions", "phrases", "beyond")
CHOOSING_SEED, JUDGING_SEED = 101, 202
AT_ONCE = 8
PLAN_TOKENS = 640


class Plan(NamedTuple):
    """One plan that nano wrote."""

    kind: HeldOut
    right: bool
    mean: float
    least: float


class ConfidenceFigures(Frozen):
    """Thresholds for both ways to read a confidence from the probabilities of a plan's tokens."""

    rule: str = RULE
    model: str
    base_hash: str
    requests_of_each_kind: int
    seeds: tuple[int, int] = (CHOOSING_SEED, JUDGING_SEED)
    planned: dict[HeldOut, Rate]
    """Requests that got a plan at all, of both seeds."""
    right: dict[HeldOut, Rate]
    """Plans that are exactly right, of both seeds."""
    by_mean: Choice
    """The probability of a typical token: exp of the mean log-probability."""
    by_least: Choice
    """The probability of the least likely token."""


def prompt_of(asked: Conversation) -> Prompt:
    """The planning question as the agent puts it, grammar included."""
    messages = (
        Message(role="system", content=asked.task),
        Message(role="user", content=asked.user),
    )
    grammar = Structure(grammar=plan_grammar_of(asked))
    return Prompt(messages=messages, structure=grammar, max_tokens=PLAN_TOKENS)


def plan_in(kind: HeldOut, asked: Conversation, answer: Answer) -> Plan | None:
    """The plan of an answer; None for direct words, ``beyond``, or a provider without logprobs."""
    text = answer.text.strip("\n")
    if not text.startswith("#") or answer.mean_logprob is None or answer.min_logprob is None:
        return None
    mean, least = (math.exp(min(0.0, p)) for p in (answer.mean_logprob, answer.min_logprob))
    return Plan(kind, text == asked.answer, mean, least)


async def ask_all(
    model: ModelHandle, asked: Sequence[Conversation], on_answer: Callable[[], None]
) -> list[Answer]:
    """Put all questions, a few at a time."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(conversation: Conversation) -> Answer:
        async with gate:
            answer = await model.ask(prompt_of(conversation))
        on_answer()
        return answer

    return list(await asyncio.gather(*map(one, asked)))


def choice_of(
    name: str, halves: Sequence[Sequence[Plan]], score: Callable[[Plan], float]
) -> Choice:
    """The threshold on one score; wrong plans are told by the kind of their request."""

    def scores(pick: Callable[[Plan], bool]) -> Split:
        chosen, judged = (tuple(score(p) for p in half if pick(p)) for half in halves)
        return Split(choosing=chosen, judging=judged)

    wrong = {
        "wrong plan": scores(lambda p: not p.right and p.kind != "beyond"),
        "beyond": scores(lambda p: not p.right and p.kind == "beyond"),
    }
    return choose(name, scores(lambda p: p.right), wrong, mixed=tuple(wrong))


def measure_confidence(
    model: ModelHandle, n: int, on_answer: Callable[[], None] = lambda: None
) -> ConfidenceFigures:
    """Ask a running model for plans of ``n`` requests of each kind and seed."""
    halves: list[list[Plan]] = []
    planned: dict[HeldOut, list[bool]] = {kind: [] for kind in KINDS}
    for seed in (CHOOSING_SEED, JUDGING_SEED):
        plans: list[Plan] = []
        for kind in KINDS:
            asked = draw(kind, n, seed)
            answers = asyncio.run(ask_all(model, asked, on_answer))
            made = [plan_in(kind, a, b) for a, b in zip(asked, answers, strict=True)]
            planned[kind] += [plan is not None for plan in made]
            plans += [plan for plan in made if plan is not None]
        halves.append(plans)
    everything = [plan for half in halves for plan in half]
    return ConfidenceFigures(
        model=model.name,
        base_hash=model.base_hash,
        requests_of_each_kind=n,
        planned={kind: Rate.of_flags(flags) for kind, flags in planned.items()},
        right={k: Rate.of_flags([p.right for p in everything if p.kind == k]) for k in KINDS},
        by_mean=choice_of("mean", halves, lambda plan: plan.mean),
        by_least=choice_of("least", halves, lambda plan: plan.least),
    )

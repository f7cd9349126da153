"""What ``min_confidence`` should be: from the reader's plans for requests it was not trained on.

`Profile.min_confidence` also weighs how well the library knows the steps, and was chosen with free
wordings, which mislead more often than these requests do.
Answerable requests are held-out compositions and phrases; the others lie beyond nano. A plan is
right when it is exactly the expected one. The threshold is chosen on the requests of one seed and
judged on those of another. Answers that are no plan need no threshold, and are only counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from skillweave.agent.nano.corpus import Conversation, HeldOut
from skillweave.agent.nano.reader import Reader, Reading
from skillweave.agent.nano.score import draw, readings_of
from skillweave.evals.thresholds import RULE, Choice, Rate, Split, choose
from skillweave.skills.model import Frozen

KINDS: tuple[HeldOut, ...] = ("compositions", "phrases", "beyond")
CHOOSING_SEED, JUDGING_SEED = 101, 202


class Plan(NamedTuple):
    """One plan that the reader found."""

    kind: HeldOut
    right: bool
    whole: float
    mean: float


class ConfidenceFigures(Frozen):
    """Thresholds for both ways to read a confidence from the probabilities of a plan's signs."""

    rule: str = RULE
    requests_of_each_kind: int
    seeds: tuple[int, int] = (CHOOSING_SEED, JUDGING_SEED)
    planned: dict[HeldOut, Rate]
    """Requests that got a plan at all, of both seeds."""
    right: dict[HeldOut, Rate]
    """Plans that are exactly right, of both seeds."""
    by_whole: Choice
    """The probability of the whole plan."""
    by_mean: Choice
    """The probability of a typical sign: exp of the mean log-probability."""


def plan_in(kind: HeldOut, asked: Conversation, read: Sequence[Reading]) -> Plan | None:
    """The likeliest plan; None where the request is to be declined or talked about."""
    if not read or not read[0].text.startswith("#"):
        return None
    text, logprob, signs = read[0]
    right = text.lower() == asked.answer.lower()
    return Plan(kind, right, math.exp(logprob), math.exp(logprob / signs))


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


def measure_confidence(n: int, on_read: Callable[[], None] = lambda: None) -> ConfidenceFigures:
    """Have the reader plan ``n`` requests of each kind and seed."""
    reader = Reader()
    halves: list[list[Plan]] = []
    planned: dict[HeldOut, list[bool]] = {kind: [] for kind in KINDS}
    for seed in (CHOOSING_SEED, JUDGING_SEED):
        plans: list[Plan] = []
        for kind in KINDS:
            for asked in draw(kind, n, seed):
                plan = plan_in(kind, asked, readings_of(reader, asked))
                planned[kind].append(plan is not None)
                plans += [plan] if plan is not None else []
                on_read()
        halves.append(plans)
    everything = [plan for half in halves for plan in half]
    return ConfidenceFigures(
        requests_of_each_kind=n,
        planned={kind: Rate.of_flags(flags) for kind, flags in planned.items()},
        right={k: Rate.of_flags([p.right for p in everything if p.kind == k]) for k in KINDS},
        by_whole=choice_of("whole", halves, lambda plan: plan.whole),
        by_mean=choice_of("mean", halves, lambda plan: plan.mean),
    )

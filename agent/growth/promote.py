"""Text, or an adapter trained from the same examples: which form of a skill is worth keeping?

A pure decision over the same cases under five conditions. That an adapter helps is only believed when
it also beats another one: any adapter at all can change the form of an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from skillweave.agent.growth.exact import sign_test
from skillweave.skills.model import Frozen

Arm = Literal["neither", "text", "adapter", "both", "wrong"]
ARMS: tuple[Arm, ...] = ("neither", "text", "adapter", "both", "wrong")
Form = Literal["neither", "text", "adapter", "both"]
ALPHA = 0.05

Results = Mapping[Arm, Sequence[bool]]
"""For each condition whether each case came out right, in one order; ``wrong`` may be missing."""


class Decision(Frozen):
    """Which form is kept."""

    form: Form
    reason: str
    cases: int
    right: dict[Arm, int]

    def line(self) -> str:
        """For a person and the ledger."""
        told = ", ".join(f"{arm} {count}" for arm, count in self.right.items())
        return f"{self.form}: {self.reason} (right of {self.cases}: {told})"


def decide(results: Results, alpha: float = ALPHA) -> Decision:
    """The simplest form that nothing beats, by exact sign tests on the paired cases.

    >>> yes, no = [True] * 8, [False] * 8
    >>> decide({"neither": no, "text": no, "adapter": yes, "both": yes, "wrong": no}).form
    'adapter'
    >>> decide({"neither": no, "text": yes, "adapter": yes, "both": yes, "wrong": yes}).form
    'text'
    """
    right = {arm: sum(results[arm]) for arm in ARMS if arm in results}
    form, reason = _chosen(results, alpha)
    return Decision(form=form, reason=reason, cases=len(results["neither"]), right=right)


def _chosen(results: Results, alpha: float) -> tuple[Form, str]:
    def beats(one: Arm, other: Arm) -> bool:
        pairs = list(zip(results[one], results[other], strict=True))
        wins, losses = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
        return wins > losses and sign_test(wins, losses) <= alpha

    text = beats("text", "neither")
    adapter = beats("adapter", "neither")
    if adapter and "wrong" in results and not beats("adapter", "wrong"):
        adapter, doubt = False, "; another adapter does as well"
    else:
        doubt = ""
    alone: Form = "neither"
    reason = "neither form helps"
    if text and adapter:
        alone = "adapter" if beats("adapter", "text") else "text"
        reason = "the adapter beats the text" if alone == "adapter" else "no adapter beats the text"
    elif text or adapter:
        alone = "text" if text else "adapter"
        reason = f"only the {alone} helps"
    if (text or adapter) and all(beats("both", one) for one in ("text", "adapter")):
        return "both", f"both together beat either{doubt}"
    return alone, reason + doubt

"""The few exact tests of the gate: pure functions of counts."""

from __future__ import annotations

from math import comb
from typing import Literal, NamedTuple

Answer = Literal["better", "worse", "open"]


def sign_test(wins: int, losses: int) -> float:
    """One-sided p-value of the exact sign test (McNemar's test on the discordant pairs).

    >>> sign_test(5, 0)
    0.03125
    """
    n = wins + losses
    return sum(comb(n, k) for k in range(wins, n + 1)) / float(2**n)


def upper_bound(successes: int, n: int, alpha: float = 0.05) -> float:
    """One-sided Clopper-Pearson upper bound of a proportion, by bisection.

    >>> round(upper_bound(0, 20), 3)
    0.139
    """
    if successes >= n:
        return 1.0
    low, high = successes / n, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        left = sum(comb(n, k) * middle**k * (1 - middle) ** (n - k) for k in range(successes + 1))
        low, high = (middle, high) if left > alpha else (low, middle)
    return high


class Sequential(NamedTuple):
    """Wald's sequential probability ratio test on discordant pairs, in both directions.

    A pair that the candidate wins multiplies the odds of "better" by ``share / 0.5`` and those of
    "worse" by ``(1 - share) / 0.5``; a lost one the other way round. At ``1 / alpha`` the answer is
    clear, whenever one looks (Wald 1945; Ville's inequality).
    """

    wins: int = 0
    losses: int = 0
    share: float = 0.95
    alpha: float = 0.05

    def add(self, *, won: bool) -> Sequential:
        """One more discordant pair."""
        return self._replace(wins=self.wins + won, losses=self.losses + (not won))

    @property
    def answer(self) -> Answer:
        """What is clear by now.

        >>> Sequential(wins=5).answer, Sequential(wins=4).answer, Sequential(losses=5).answer
        ('better', 'open', 'worse')
        """
        if self._odds(self.wins, self.losses) >= 1 / self.alpha:
            return "better"
        return "worse" if self._odds(self.losses, self.wins) >= 1 / self.alpha else "open"

    def _odds(self, for_it: int, against: int) -> float:
        return (2 * self.share) ** for_it * (2 * (1 - self.share)) ** against

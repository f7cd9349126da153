"""Progress where nobody watches: now and then a line, in place of a bar that is redrawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

EVERY = 30.0
"""Seconds from one line to the next."""


def about(seconds: float) -> str:
    """A length of time, roughly.

    >>> about(50), about(200), about(9000)
    ('1 min', '3 min', '2.5 h')
    """
    return f"{seconds / 3600:.1f} h" if seconds >= 5400 else f"{max(1, round(seconds / 60))} min"


@dataclass
class Beat:
    """Counts trials, and says every now and then how many are left and for how long."""

    name: str
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    total: int = 0
    done: int = 0
    _before: int = 0
    _began: float = field(default=0.0)
    _said: float = field(default=0.0)

    def begin(self, total: int, done: int) -> None:
        """So many there are, and so many were done before."""
        self.total, self.done, self._before = total, done, done
        self._began = self._said = self.clock()

    def one(self) -> None:
        """One more is done."""
        self.done += 1
        now = self.clock()
        if now - self._said < EVERY:
            return
        self._said = now
        each = (now - self._began) / (self.done - self._before)
        left = about(each * (self.total - self.done))
        self.say(f"{self.name}: {self.done} of {self.total}, about {left} left")
